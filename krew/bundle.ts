/** The program as three JavaScript files, made by esbuild: its start, the program, and the practice cluster, each loaded when it is needed. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Metafile, type Plugin } from "esbuild";

export const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
export const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { version: string };
/** What the program consists of: its start, and parts that are compiled when they are needed. */
export const bundleFiles = { start: "kubectl-vmnode.cjs", program: "program.cjs", practice: "practice.cjs" } as const;

export interface BundleOptions {
  readonly entry: string;
  /** Where the files are written; must exist. */
  readonly outdir: string;
  /** Come before our own plugins; for tests that look at what is bundled. */
  readonly plugins?: readonly Plugin[];
}

/** Modules that are bundled by themselves when another bundle imports them. */
interface Part {
  readonly file: string;
  /** The beginning of their paths in the checkout. */
  readonly paths: string;
  readonly plugins: readonly Plugin[];
}

/** Writes the bundles, and resolves to esbuild's account of what is in each. The same sources give the same bytes. */
export async function bundle({ entry, outdir, plugins = [] }: BundleOptions): Promise<readonly Metafile[]> {
  const shrinking = [...plugins, leaveOutUnreached(), yamlAsNeeded(), oneStringWidth(), tablesWhenDrawn()];
  const parts: readonly Part[] = [
    { file: bundleFiles.program, paths: "cmd/program.ts", plugins: shrinking },
    { file: bundleFiles.practice, paths: "lib/practice/", plugins: [...plugins, sharedErrors()] },
  ];
  const imported = new Map(parts.map((part) => [part, new Map<string, string>()]));
  const apart = parts.map((part) => setApart(part, imported.get(part) ?? new Map()));
  const write = async (file: string, options: BuildOptions): Promise<Metafile> => {
    const plugins = [...(options.plugins ?? []), ...apart];
    return (await build({ ...common, ...options, outfile: path.join(outdir, file), metafile: true, plugins })).metafile;
  };
  const metafiles = [await write(bundleFiles.start, { entryPoints: [entry], plugins: shrinking })];
  for (const [{ file, plugins }, modules] of imported) {
    if (modules.size === 0) continue;
    // Each is evaluated when it is asked for: the list of scenarios needs no cluster.
    const contents = [...modules]
      .map(([module, name]) => `Object.defineProperty(exports, "${name}", { get: () => require("${module}") });`)
      .join("\n");
    metafiles.push(await write(file, { ...partForm, stdin: { contents, resolveDir: root }, plugins: [...plugins] }));
  }
  return metafiles;
}

const common = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  platform: "node",
  target: "node24",
  format: "cjs",
  // Without the loader of ES modules, which would be started for a module that Node has within itself.
  supported: { "dynamic-import": false },
  define: {
    VMNODE_VERSION: JSON.stringify(version),
    // yargs asks for it, and looks there for nothing that we use. A folder may have any name; this one is a path on every system.
    "import.meta.url": '"file:///C:/program.cjs"',
    // By which yargs-parser refuses to run, for its own tests.
    "process.env.YARGS_MIN_NODE_VERSION": "undefined",
  },
  legalComments: "linked",
  logLevel: "warning",
  // For reading the stack traces of bug reports; not part of the executable.
  sourcemap: "external",
} as const satisfies BuildOptions;

/** A part is a function that is called as Node calls a CommonJS module. */
const partForm = {
  banner: {
    js: "(function (exports, require, module, __filename, __dirname) {",
  },
  footer: { js: "})" },
} as const satisfies BuildOptions;

/** A module that is imported, but of which nothing is called from what we call. */
interface Unreached {
  readonly importer: RegExp;
  /** What stands in its place, by the name under which it is imported. */
  readonly modules: Readonly<Record<string, string>>;
}

const unreached: readonly Unreached[] = [
  {
    // The configuration module imports all models, proxies and login providers; credentials.ts in lib/kube wants TLS options and a header.
    importer: /client-node[\\/]dist[\\/][\w-]+\.js$/,
    modules: {
      undici: classes("Agent", "ProxyAgent"),
      socks: classes("SocksClient"),
      "socks-proxy-agent": classes("SocksProxyAgent"),
      hpagent: classes("HttpProxyAgent", "HttpsProxyAgent"),
      "./gen/index.js": classes("ServerConfiguration", "createConfiguration"),
      // What reads and writes a kubeconfig, and what names a client to the server.
      "./config_types.js": "",
      "./middleware.js": "",
      "./azure_auth.js": noProvider("AzureAuth"),
      "./gcp_auth.js": noProvider("GoogleCloudPlatformAuth"),
      "./exec_auth.js": noProvider("ExecAuth"),
      "./oidc_auth.js": noProvider("OpenIDConnectAuth"),
      // For a kubeconfig inside of WSL, which kubectl does not look for, either.
      "node:child_process": "",
      // For its version, which it would tell the server.
      "../package.json": "{}",
    },
  },
  {
    // Its help texts and its completion, both of which we make ourselves.
    importer: /yargs[\\/](?:lib|build)[\\/]/,
    modules: {
      cliui: "export default () => { throw new Error('yargs prints no help here'); };",
      "./completion.js": "export const completion = () => ({ setParsed() {} });",
      "./usage.js": `
        export const usage = () => {
          let told = () => {};
          const known = {
            failFn: (listener) => { told = listener; },
            fail: (...fault) => told(...fault),
            getDescriptions: () => ({}),
            reset: () => self,
          };
          const self = new Proxy(known, { get: (_, name) => known[name] ?? (() => "") });
          return self;
        };`,
      // Other languages than English.
      y18n: `
        const { format } = require("node:util");
        const counted = (one, many, count, ...values) => format(count === 1 ? one : many, ...values);
        export default () => ({ __: format, __n: counted, getLocale: () => "en", setLocale() {}, updateLocale() {} });`,
      // What TypeScript has checked in our calls.
      "./argsert.js": "export function argsert() {}",
      // What a program may put between reading a command line and running a command.
      "./middleware.js": `
        export class GlobalMiddleware { getMiddleware() { return []; } freeze() {} unfreeze() {} reset() {} }
        export function commandMiddlewareFactory() { return []; }
        export function applyMiddleware(found) { return found; }`,
      // What options demand of each other; our flags have been judged when they were spelled out, and words are all that is left.
      "./validation.js": `
        export const validation = (_yargs, usage) => {
          const unknownArguments = ({ _: words }) => { if (words.length > 0) usage.fail(""); };
          const known = { unknownArguments, reset: () => self };
          const self = new Proxy(known, { get: (_, name) => known[name] ?? (() => {}) });
          return self;
        };`,
      // Settings that rest on others.
      "./utils/apply-extends.js": "export function applyExtends(settings) { return settings; }",
      // Its settings in a package.json near the program, of which there is none; and where its name would be looked for.
      "escalade/sync": "export default () => undefined;",
      "get-caller-file": "export default () => '';",
      // Where they would lie: without a name for that it asks for the working directory, which may have been removed.
      url: "export const fileURLToPath = () => '/node_modules';",
      // Ten milliseconds for what two comparisons do.
      assert: `
        const fail = (message) => { throw new Error(message); };
        export const strictEqual = (one, other, message) => Object.is(one, other) || fail(message);
        export const notStrictEqual = (one, other, message) => Object.is(one, other) && fail(message);`,
    },
  },
  {
    // 200 signs, of which our prompts show three; in consoles that lack them, the same substitutes.
    importer: /@inquirer[\\/](?:core|input|search|select)[\\/]/,
    modules: {
      "@inquirer/figures": `
        const { CI, TERM, TERM_PROGRAM, WT_SESSION } = process.env;
        const lacking = process.platform === "win32"
          ? !CI && !WT_SESSION && TERM_PROGRAM !== "vscode" && TERM !== "xterm-256color" && TERM !== "alacritty"
          : TERM === "linux";
        export default { line: "─", tick: lacking ? "√" : "✔", pointer: lacking ? ">" : "❯" };`,
      // To end a question with the process, where nothing is left that would see its end; signals end it by way of lib/terminal.
      "signal-exit": "export const onExit = () => () => {};",
    },
  },
  {
    // The engine knows the emoji itself, and newer ones.
    importer: /string-width[\\/]/,
    modules: { "emoji-regex": "module.exports = () => /\\p{RGI_Emoji}/gv;" },
  },
  {
    // Where a table has colours of its own; ours have none.
    importer: /cli-table3[\\/]/,
    // And where it notes what it does not like, for its authors.
    modules: { "@colors/colors/safe": "", "./debug": "exports.info = exports.warn = exports.debug = () => {};" },
  },
];

function classes(...names: readonly string[]): string {
  return names.map((name) => `export class ${name} {}`).join("\n");
}

/** Is asked whether it logs this user in, which lib/kube does itself. */
function noProvider(name: string): string {
  return `export class ${name} { isAuthProvider() { return false; } }`;
}

function leaveOutUnreached(): Plugin {
  return {
    name: "leave-out-unreached",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /.*/ }, ({ path: name, importer }) => {
        const at = unreached.findIndex((each) => each.importer.test(importer) && name in each.modules);
        if (at < 0) return undefined;
        // Two packages may have modules of one name.
        return { path: `${at}:${name}`, namespace: "unreached", pluginData: unreached[at]?.modules[name] };
      });
      onLoad({ filter: /.*/, namespace: "unreached" }, ({ path: name, pluginData }) => ({
        contents: String(pluginData),
        loader: name.endsWith(".json") ? "json" : "js",
      }));
    },
  };
}

/**
 * Newer versions of string-width cost 40 ms at start for emoji that our tables and help do not contain, and each version looks for
 * emoji in every text. Printable ASCII, which is nearly all that we print, has as many columns as characters.
 */
function oneStringWidth(): Plugin {
  const contents = `
    let whole;
    module.exports = (text) => /^[\\x20-\\x7e]*$/.test(text) ? text.length : (whole ??= require("./node_modules/string-width/index.js"))(text);`;
  return {
    name: "one-string-width",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^(fast-)?string-width$/ }, () => ({ path: "string-width", namespace: "string-width" }));
      onLoad({ filter: /.*/, namespace: "string-width" }, () => ({ contents, resolveDir: root }));
    },
  };
}

/** Tables in plain text we fill up ourselves, and most are: cli-table3 waits for the first that it has to draw. */
function tablesWhenDrawn(): Plugin {
  const contents = `
    let whole;
    module.exports = function (options) { return new (whole ??= require("./node_modules/cli-table3/index.js"))(options); };`;
  return {
    name: "tables-when-drawn",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^cli-table3$/ }, ({ path: name }) => ({ path: name, namespace: "cli-table3" }));
      onLoad({ filter: /.*/, namespace: "cli-table3" }, () => ({ contents, resolveDir: root }));
    },
  };
}

/** js-yaml makes its tags and schemas by calls, which esbuild keeps for the effect that they might have. */
function yamlAsNeeded(): Plugin {
  return {
    name: "yaml-as-needed",
    setup({ onLoad }) {
      onLoad({ filter: /js-yaml[\\/]dist[\\/][\w.-]+\.mjs$/ }, ({ path: file }) => ({
        contents: readFileSync(file, "utf8")
          .replace(/^var \w+ = (?=new Schema|define\w+Tag)/gm, "$&/* @__PURE__ */ ")
          // Of values that are no JSON, and that nobody reads or writes here.
          .replace(/^\t(?:binary|omap|pairs|set)Tag,?\n/gm, ""),
      }));
    },
  };
}

/** A module of the part is no longer bundled with who imports it, but noted in `modules`, and loaded with the part. */
function setApart({ file, paths }: Part, modules: Map<string, string>): Plugin {
  const namespace = `part ${file}`;
  // The practice cluster shares the classes of errors with the program, which tells expected errors from bugs by them.
  const shared = file === bundleFiles.practice ? '{ "vmnode:errors": require("./lib/model/errors.ts") }' : "{}";
  return {
    name: `set-apart-${file}`,
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.{1,2}\// }, (args) => {
        const module = path.relative(root, path.resolve(args.resolveDir, args.path)).replaceAll(path.sep, "/");
        // From within the part it is an import like any other.
        const within = args.importer.startsWith(path.join(root, paths)) || args.importer === "<stdin>";
        if (within || !module.startsWith(paths)) return undefined;
        // As it is called in every checkout: source maps are part of a release.
        if (!modules.has(`./${module}`)) modules.set(`./${module}`, `module${modules.size}`);
        return { path: `./${module}`, namespace };
      });
      onLoad({ filter: /.*/, namespace }, (args) => ({
        contents: `module.exports = require("./krew/load-part.ts").loadPart("${file}", require, ${shared}).${modules.get(args.path)};`,
        resolveDir: root,
      }));
    },
  };
}

function sharedErrors(): Plugin {
  return {
    name: "shared-errors",
    setup({ onResolve }) {
      onResolve({ filter: /\/model\/errors\.ts$/ }, () => ({ path: "vmnode:errors", external: true }));
    },
  };
}
