/** From a command line to an exit code: what is understood, what is refused, and what is said about it. */
import { describe, expect, test } from "vitest";
import { run } from "./fake-world.ts";

describe("what cannot be understood ends with exit code 2 and says where to read on", () => {
  test("an unknown command", async () => {
    expect(await run("polish worker-1")).toMatchObject({
      code: 2,
      stdout: "",
      stderr: [
        'error: unknown command "polish" for "kubectl vmnode"',
        "See 'kubectl vmnode -h' for help and examples",
      ].join("\n"),
    });
  });

  test("a command with a slip of the finger is suggested", async () => {
    expect((await run("chekc worker-1")).stderr).toMatchInlineSnapshot(`
      "error: unknown command "chekc" for "kubectl vmnode"
      hint: Did you mean check?
      See 'kubectl vmnode -h' for help and examples"
    `);
  });

  test.each([
    ["evacuate worker-1", "drain"],
    ["get nodes", "list"],
    ["undrain worker-1", "abort"],
    ["LIST", "list"],
    ["Get nodes", "list"],
    ["optoins", "options"],
    ["hlep drain", "help"],
    ["help optoins", "options"],
    ["completion instal", "completion install"],
  ])("another word that was meant to be one of ours: %s", async (line, meant) => {
    const { code, stderr } = await run(line);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(`Did you mean ${meant}?`) });
  });

  test("help on what is no command", async () => {
    expect((await run("help drian")).stderr).toMatchInlineSnapshot(`
      "error: unknown command "drian" for "kubectl vmnode"
      hint: Did you mean drain?
      See 'kubectl vmnode -h' for help and examples"
    `);
  });

  test("an unknown flag of a command", async () => {
    expect((await run("check worker-1 --wave ExternalStrategy")).stderr).toMatchInlineSnapshot(`
      "error: unknown flag: --wave
      hint: Did you mean --waive?
      See 'kubectl vmnode check -h' for help and examples"
    `);
  });

  test("words where none belong", async () => {
    expect(await run("version now")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("version takes no arguments: now"),
    });
  });

  test("a value that a flag does not take, under the name by which the program was started", async () => {
    const result = await run("list -oxml", { program: "oc vmnode" });
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain(
      'error: invalid argument "xml" for "--output" flag: must be one of: wide, json, yaml, name',
    );
    expect(result.stderr).toContain("See 'oc vmnode list -h' for help and examples");
  });

  test.each(["no-such", "__proto__", "constructor", "100%s"])("the word %s", async (word) => {
    expect(await run(word)).toMatchObject({ code: 2, stderr: expect.stringContaining(`unknown command "${word}"`) });
  });
});

describe("help", () => {
  test("of the program is printed on -h, on help, and without a command where nobody can be asked", async () => {
    const help = await run("-h");
    expect(help.code).toBe(0);
    expect(help.stdout).toContain("Usage:\n  kubectl vmnode [command] [options]");
    for (const line of ["help", "--help", "", "--context nowhere", "help help"]) expect(await run(line)).toEqual(help);
  });

  test("of a command is printed on -h anywhere, whatever else is there", async () => {
    const help = await run("check -h");
    expect(help.code).toBe(0);
    expect(help.stdout).toContain("Usage:\n  kubectl vmnode check NODE... [options]");
    for (const line of ["help check", "-h check", "check worker-1 -o json --help", "check --kubeconfig /none -h"]) {
      expect(await run(line)).toEqual(help);
    }
  });

  test("lists the connection flags in one place", async () => {
    const { code, stdout } = await run("options");
    expect(code).toBe(0);
    expect(await run("help options")).toMatchObject({ code, stdout });
    expect(stdout).toContain("    -s, --server='':\n        The address and port of the Kubernetes API server.");
    expect(stdout).not.toContain("--password");
  });

  test("uses the name by which the program was started", async () => {
    const { stdout } = await run("check -h", { program: "oc vmnode" });
    expect(stdout).toContain("oc vmnode check worker-1");
    expect(stdout).not.toContain("kubectl vmnode");
  });
});

describe("faults of our own", () => {
  const world = {
    connect: async () => {
      throw new TypeError("undefined is no function");
    },
  };

  test("end with exit code 70 and a short message", async () => {
    const { code, stderr } = await run("version", world);
    expect(code).toBe(70);
    expect(stderr).toContain("undefined is no function");
    expect(stderr).not.toContain(".ts:");
  });

  test("show where they happened with -v=4", async () => {
    expect((await run("version -v 4", world)).stderr).toContain(".ts:");
  });
});
