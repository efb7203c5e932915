// Makes dist/kubectl-vmnode: this platform's single executable (Node SEA), by way of two esbuild bundles.
// `node build.mjs ENTRY OUTDIR` builds another entry elsewhere; only tests of the build need that.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = path.dirname(fileURLToPath(import.meta.url));
const entry = path.resolve(process.argv[2] ?? path.join(root, "cmd/main.ts"));
const outdir = path.resolve(process.argv[3] ?? path.join(root, "dist"));
mkdirSync(outdir, { recursive: true });
// Everything is made apart and moved into place at the end: a program that runs, or another build, is not disturbed.
const workdir = mkdtempSync(path.join(outdir, "build-"));
const inWorkdir = (name) => path.join(workdir, name);
const bundle = inWorkdir("kubectl-vmnode.cjs");
const practiceBundle = inWorkdir("practice.cjs");
const executable = inWorkdir(process.platform === "win32" ? "kubectl-vmnode.exe" : "kubectl-vmnode");
const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));

const common = {
  bundle: true,
  minify: true,
  keepNames: true, // Errors are told apart, and reported, by the names of their classes.
  platform: "node",
  target: "node24",
  format: "cjs",
  define: { VMNODE_VERSION: JSON.stringify(version), "import.meta.url": "importMetaUrl" },
  // yargs asks for import.meta.url, which a CommonJS file does not have.
  banner: { js: 'const importMetaUrl = "file://" + __filename;' },
  legalComments: "linked",
  logLevel: "warning",
};

try {
  const practiceModules = new Map();
  await build({
    ...common,
    entryPoints: [entry],
    outfile: bundle,
    plugins: [leanClientNode(), oneStringWidth(), practiceApart(practiceModules)],
  });
  await bundlePractice(practiceModules);
  makeExecutable();
  for (const name of readdirSync(workdir)) {
    renameSync(inWorkdir(name), path.join(outdir, name));
    const { size } = statSync(path.join(outdir, name));
    console.log(`${path.relative(process.cwd(), path.join(outdir, name))}  ${(size / 1e6).toFixed(2)} MB`);
  }
} finally {
  rmSync(workdir, { recursive: true, force: true });
}

/**
 * client-node's configuration module imports all models, undici, proxies and the libraries of its login providers; none
 * of that is reached from what we call (lib/kube/credentials.ts).
 */
function leanClientNode() {
  const unreached = {
    undici: ["Agent", "ProxyAgent"],
    socks: ["SocksClient"],
    "socks-proxy-agent": ["SocksProxyAgent"],
    hpagent: ["HttpProxyAgent", "HttpsProxyAgent"],
    "openid-client": ["discovery", "refreshTokenGrant", "customFetch"],
    "jsonpath-plus": ["JSONPath"],
    "./gen/index.js": ["ServerConfiguration", "createConfiguration"],
  };
  return {
    name: "lean-client-node",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /.*/ }, ({ path: name, importer }) =>
        name in unreached && /client-node[\\/]dist[\\/][\w-]+\.js$/.test(importer)
          ? { path: name, namespace: "unreached" }
          : undefined,
      );
      onLoad({ filter: /.*/, namespace: "unreached" }, ({ path: name }) => ({
        contents: unreached[name].map((export_) => `exports.${export_} = class ${export_} {};`).join("\n"),
      }));
    },
  };
}

/** Newer versions of string-width cost 40 ms at start for emoji that our tables and help do not contain. */
function oneStringWidth() {
  return {
    name: "one-string-width",
    setup({ onResolve }) {
      onResolve({ filter: /^string-width$/ }, () => ({ path: path.join(root, "node_modules/string-width/index.js") }));
    },
  };
}

/**
 * The practice cluster is a bundle of its own that is compiled only when it is started, so that no other command pays
 * for it. It shares the classes of errors with the program, which tells expected errors from bugs by them.
 */
function practiceApart(modules) {
  const loader = `
    const { readFileSync } = require("node:fs");
    const { compileFunction } = require("node:vm");
    const sea = require("node:sea");
    const errors = require(${JSON.stringify(path.join(root, "lib/model/errors.ts"))});
    const file = __dirname + "/practice.cjs";
    const source = sea.isSea() ? sea.getAsset("practice.cjs", "utf8") : readFileSync(file, "utf8");
    const loaded = { exports: {} };
    const load = (name) => (name === "vmnode:errors" ? errors : require(name));
    compileFunction(source, ["exports", "require", "module", "__filename", "__dirname"], { filename: file })(
      loaded.exports, load, loaded, file, __dirname);
    module.exports = loaded.exports;`;
  return {
    name: "practice-apart",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /\/practice\// }, (args) => {
        const file = path.resolve(args.resolveDir, args.path);
        if (!file.startsWith(path.join(root, "lib", "practice") + path.sep)) return undefined;
        modules.set(file, `part${modules.size}`);
        return { path: file, namespace: "practice" };
      });
      onResolve({ filter: /^practice-bundle$/ }, () => ({ path: "practice-bundle", namespace: "practice-bundle" }));
      onLoad({ filter: /.*/, namespace: "practice" }, (args) => ({
        contents: `module.exports = require("practice-bundle").${modules.get(args.path)};`,
        resolveDir: root,
      }));
      onLoad({ filter: /.*/, namespace: "practice-bundle" }, () => ({ contents: loader, resolveDir: root }));
    },
  };
}

async function bundlePractice(modules) {
  if (modules.size === 0) return;
  const contents = [...modules].map(([file, name]) => `export * as ${name} from ${JSON.stringify(file)};`).join("\n");
  const sharedErrors = {
    name: "shared-errors",
    setup({ onResolve }) {
      onResolve({ filter: /\/model\/errors\.ts$/ }, () => ({ path: "vmnode:errors", external: true }));
    },
  };
  await build({ ...common, stdin: { contents, resolveDir: root }, outfile: practiceBundle, plugins: [sharedErrors] });
}

function makeExecutable() {
  const settings = {
    // Relative to the folder in which it is made: stack traces name this path.
    main: path.basename(bundle),
    output: "sea.blob",
    disableExperimentalSEAWarning: true,
    useCodeCache: true,
    execArgv: ["--no-warnings"],
    // NODE_OPTIONS belongs to other programs of the user.
    execArgvExtension: "none",
    assets: existsSync(practiceBundle) ? { "practice.cjs": path.basename(practiceBundle) } : {},
  };
  writeFileSync(inWorkdir("sea.json"), JSON.stringify(settings));
  execFileSync(process.execPath, ["--experimental-sea-config", "sea.json"], { cwd: workdir, stdio: "pipe" });
  copyFileSync(process.execPath, executable);
  chmodSync(executable, 0o755);
  if (process.platform === "linux") run("strip", [executable]);
  if (process.platform === "darwin") run("codesign", ["--remove-signature", executable]);
  inject(inWorkdir("sea.blob"));
  if (process.platform === "darwin") run("codesign", ["--force", "--sign", "-", executable]);
  rmSync(inWorkdir("sea.blob"));
  rmSync(inWorkdir("sea.json"));
}

/** postject as a program of its own, because its warnings about Node's debug sections mean nothing and cannot be turned off. */
function inject(blob) {
  const postject = path.join(root, "node_modules/postject/dist/cli.js");
  const fuse = ["--sentinel-fuse", "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2"];
  const segment = process.platform === "darwin" ? ["--macho-segment-name", "NODE_SEA"] : [];
  execFileSync(process.execPath, [postject, executable, "NODE_SEA_BLOB", blob, ...fuse, ...segment], { stdio: "pipe" });
}

/** Runs a program of the system; without it the executable is larger, or not signed, but works here. */
function run(program, args) {
  try {
    execFileSync(program, args, { stdio: ["ignore", "ignore", "inherit"] });
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
}
