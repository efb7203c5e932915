/**
 * `node code-cache.ts BUNDLE OUTPUT`: writes V8's code cache of a part, with every function compiled, because a start takes longer to
 * compile those that it needs than to read them all. Run by the Node that is to read it, with its settings.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";

const [bundle = "", output = ""] = process.argv.slice(2);
setFlagsFromString("--no-lazy");
const script = new Script(readFileSync(bundle, "latin1"));
// A cache made under other settings than it is read with is refused.
setFlagsFromString("--lazy");
writeFileSync(output, script.createCachedData());
