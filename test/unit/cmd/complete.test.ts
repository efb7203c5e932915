/** What is offered for a command line that is being typed, and that nothing else is ever said. */
import { describe, expect, test } from "vitest";
import { commands } from "../../../cmd/commands.ts";
import { type CompletionWorld, complete, completionBudgetMs } from "../../../cmd/complete.ts";
import type { ConnectionOptions } from "../../../lib/kube/effective-config.ts";
import { clusterOf } from "../observe/raw-objects.ts";

const never = new Promise<never>(() => {});

interface Scene extends Partial<CompletionWorld> {
  readonly connected?: ConnectionOptions[];
}

/** The lines for what was typed; `|` is the cursor, and a space before it begins a new word. */
async function lines(typed: string, { connected = [], ...parts }: Scene = {}): Promise<string[]> {
  const words = typed.replace("|", "").split(" ");
  const world: CompletionWorld = {
    connect: async (options) => {
      connected.push(options);
      return clusterOf("worker-1", "worker-2", "infra-1").client();
    },
    clock: { now: () => new Date(0), sleep: () => never },
    loadKubeconfig: async () => ({
      currentContext: "staging",
      contexts: new Map([
        ["production", {}],
        ["staging", {}],
      ]),
      clusters: new Map([["arn:aws:eks:eu:1:cluster/a", {}]]),
      users: new Map([["admin", {}]]),
      files: [],
      missing: [],
    }),
    ...parts,
  };
  return await complete(words, world, 300);
}

async function names(typed: string, scene: Scene = {}): Promise<string[]> {
  return (await lines(typed, scene)).slice(0, -1).map((line) => line.replace(/\t.*/, ""));
}

describe("words", () => {
  test("commands come with what they do", async () => {
    expect(await lines("dr|")).toEqual(["drain\tMove the VMs off nodes for maintenance", ":4"]);
    expect(await names("|")).toEqual(expect.arrayContaining(["list", "check", "drain", "uncordon", "version"]));
    expect(await names("help ch|")).toEqual(["check"]);
    expect(await names("help check |")).toEqual([]);
  });

  test("words that have a help text are offered with the commands", async () => {
    for (const before of ["", "help "]) {
      expect(await lines(`${before}hel|`)).toEqual(["help\tHelp about any command", ":4"]);
      expect(await names(`${before}opt|`)).toEqual(["options"]);
    }
  });

  test("a context before the command does not hide it", async () => {
    expect(await names("--context staging ab|")).toEqual(["abort"]);
  });

  test("nodes come with their status", async () => {
    expect(await lines("drain w|")).toEqual(["worker-1\tReady", "worker-2\tReady", ":4"]);
  });

  test("a node is offered once, and one node only to a command that takes one", async () => {
    expect(await names("drain worker-1 node/infra-1 |")).toEqual(["worker-2"]);
    expect(await names("abort worker-1 |")).toEqual([]);
  });

  test("nodes may be named as kubectl names them", async () => {
    expect(await names("check node/w|")).toEqual(["node/worker-1", "node/worker-2"]);
  });

  test("the cluster that is asked is the one that the flags name", async () => {
    const connected: ConnectionOptions[] = [];
    await lines("list --context production --as=jane -s https://10.0.0.1 |", { connected });
    expect(connected).toMatchObject([{ context: "production", as: "jane", server: "https://10.0.0.1" }]);
  });

  test("a command without words gets none, and asks nobody", async () => {
    const connected: ConnectionOptions[] = [];
    expect(await lines("version |", { connected })).toEqual([":4"]);
    expect(await names("completion |")).toEqual(["install", "print"]);
    expect(connected).toEqual([]);
  });

  test("after -- the shell completes as it likes, where a command follows", async () => {
    expect(await lines("practice -- kube|")).toEqual([":0"]);
    expect(await lines("practice --scenario -- --color=n|")).toEqual(["never", ":4"]);
  });

  test("after -- there are only words", async () => {
    expect(await names("drain -- w|")).toEqual(["worker-1", "worker-2"]);
    expect(await names("drain worker-1 -- infra-1 |")).toEqual(["worker-2"]);
    expect(await names("abort -- worker-1 |")).toEqual([]);
    expect(await names("completion -- in|")).toEqual(["install"]);
    for (const typed of ["drain -- -|", "drain -- --dry-run=|", "-- dr|", "help -- dr|"])
      expect(await lines(typed), typed).toEqual([":4"]);
  });
});

describe("flags", () => {
  test("those of the command, with the first sentence on each", async () => {
    expect(await lines("drain --y|")).toEqual(["--yes\tDo not ask", ":4"]);
    expect(await names("drain --dis|")).toEqual([]);
  });

  test("a condition that a flag has is no sentence of its own", async () => {
    expect(await lines("drain --skip-w|")).toEqual([
      "--skip-wait-for-delete-timeout\tWith --all-pods: do not wait for pods whose DeletionTimestamp is more than so many seconds old",
      ":4",
    ]);
  });

  test("a bracket is no end of a sentence", async () => {
    expect(await lines("drain --selector|")).toEqual([
      expect.stringMatching(/^--selector\t.*'notin' \(e\.g\. [^()]+\)$/),
      ":4",
    ]);
    for (const command of ["", ...commands.keys()])
      for (const line of await lines(`${command} --|`))
        expect(line.match(/[([]/g)?.length, line).toBe(line.match(/[)\]]/g)?.length);
  });

  test("one that was given is not offered again, unless it may be repeated", async () => {
    expect(await names("drain --yes --y|")).toEqual([]);
    expect(await names("drain --waive ExternalStrategy --wai|")).toEqual(["--waive"]);
  });

  test("hidden ones stay hidden", async () => {
    expect(await names("list --passw|")).toEqual([]);
  });

  test("without a command, those that every command takes, and those of the program", async () => {
    expect(await names("--cont|")).toEqual(["--context"]);
    expect(await lines("--vers|")).toEqual(["--version\tPrint the version and stop", ":4"]);
    expect(await names("drain --vers|")).toEqual([]);
  });

  test("every command has a help", async () => {
    for (const before of ["", ...[...commands.keys()].map((name) => `${name} `)]) {
      expect(await lines(`${before}--hel|`)).toEqual(["--help\tPrint help and stop", ":4"]);
      expect(await names(`${before}-h|`)).toEqual(["-h"]);
    }
  });

  test("letters are offered as well, but none behind another", async () => {
    expect(await lines("drain -y|")).toEqual(["-y\tDo not ask", ":4"]);
    expect(await names("list -|")).toEqual(expect.arrayContaining(["--output", "-o", "--all-namespaces", "-A", "-h"]));
    expect(await names("list -n|")).toEqual(["-n"]);
    expect(await names("drain -y -y|")).toEqual([]);
    expect(await names("list -Aw|")).toEqual([]);
  });
});

describe("values of flags", () => {
  test.each([
    ["drain --dry-run=|", ["none", "client", "server"]],
    ["drain --dry-run=s|", ["server"]],
    ["list -o |", ["wide", "json", "yaml", "name"]],
    ["list --output j|", ["json"]],
    ["drain --yes=t|", ["true"]],
    ["list --context |", ["production", "staging"]],
    ["--context p|", ["production"]],
    ["list --cluster |", ["arn:aws:eks:eu:1:cluster/a"]],
    ["list --user=|", ["admin"]],
    ["drain --waive Ext|", ["ExternalStrategy"]],
    ["practice --scenario qui|", ["quiet"]],
    ["list -o=w|", ["wide"]],
    ["list -o=|", ["wide", "json", "yaml", "name"]],
    ["list -Ao=j|", ["json"]],
    ["drain -y=f|", ["false"]],
    ["--help=t|", ["true"]],
    // The shell would put the candidate in place of the whole word.
    ["list -oj|", []],
    ["list -nd|", []],
    ["list -zo=j|", []],
    // A value that has a = itself.
    ["list -lo=j|", []],
    ["list -oo=j|", []],
    ["drain --reason |", []],
    ["drain --no-such-flag=|", []],
  ])("%s", async (typed, expected) => {
    expect(await names(typed)).toEqual(expected);
  });

  test("the context in use is marked", async () => {
    expect(await lines("list --context s|")).toEqual(["staging\tcurrent", ":4"]);
  });

  test("only what a command looks at is offered to be waived", async () => {
    const offered = await names("recover worker-1 --waive |");
    expect(offered).toContain("HeldByRemediation");
    expect(offered.filter((name) => !name.startsWith("HeldBy"))).toEqual([]);
    expect(await names("uncordon --waive Host|")).toEqual(["HostWasNeverOff"]);
    for (const command of ["check", "drain"])
      for (const typed of ["Host", "Evac"]) expect(await names(`${command} --waive ${typed}|`)).toEqual([]);
  });

  test("a blocker is not offered to be waived", async () => {
    expect(await names("drain --waive NotLive|")).toEqual([]);
  });

  test.each(["--kubeconfig |", "list --certificate-authority=./c|", "--client-key |"])(
    "files are the shell's: %s",
    async (typed) => {
      expect(await lines(typed)).toEqual([":0"]);
    },
  );

  test("the value of a flag is not taken for the value of the next", async () => {
    expect(await names("drain worker-1 --dry-run |")).toEqual(["worker-2", "infra-1"]);
  });
});

describe("whatever goes wrong, nothing is said", () => {
  const fails = async (): Promise<never> => {
    throw new Error("connection refused");
  };

  test.each([
    ["no cluster", "drain |", { connect: fails }],
    ["a kubeconfig that cannot be read", "list --context |", { loadKubeconfig: fails }],
    ["a flag with a value that is none", "drain -v loud |", {}],
    ["a command that does not exist", "dance |", {}],
    ["no words at all", "|", { connect: fails }],
  ])("%s", async (_what, typed, scene) => {
    const answer = await lines(typed, scene);
    expect(answer.at(-1)).toBe(":4");
    if (typed !== "|") expect(answer).toHaveLength(1);
  });

  test("a cluster that is forbidden", async () => {
    const connect = async () => ({ ...clusterOf("worker-1").client(), table: fails });
    expect(await lines("drain |", { connect })).toEqual([":4"]);
  });

  test("a cluster that takes too long: the request is given up when the time is over", async () => {
    const given: { signal?: AbortSignal | undefined }[] = [];
    const slow = clusterOf("worker-1").client();
    const connect = async () => ({
      ...slow,
      table: (_type: unknown, options: { signal?: AbortSignal | undefined } = {}) => {
        given.push(options);
        return never;
      },
    });
    let over = () => {};
    const sleep = () =>
      new Promise<void>((resolve) => {
        over = resolve;
      });
    const answer = lines("drain |", { connect, clock: { now: () => new Date(0), sleep } });
    await expect.poll(() => given.length).toBe(1);
    over();
    expect(await answer).toEqual([":4"]);
    expect(given[0]?.signal?.aborted).toBe(true);
  });

  test("names that would break the answer's lines are left out", async () => {
    const contexts = new Map([
      ["good", {}],
      ["bad\nname", {}],
    ]);
    const loadKubeconfig = async () => ({ contexts, clusters: new Map(), users: new Map(), files: [], missing: [] });
    expect(await names("list --context |", { loadKubeconfig })).toEqual(["good"]);
  });
});

test.each([
  ["", 300],
  ["2s", 2000],
  ["soon", 300],
])("KUBECTL_VMNODE_COMPLETION_TIMEOUT=%s gives %i ms", (value, expected) => {
  expect(completionBudgetMs({ KUBECTL_VMNODE_COMPLETION_TIMEOUT: value })).toBe(expected);
});
