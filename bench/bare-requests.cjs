/**
 * `node bare-requests.cjs FILE`: sends the requests of a file over two kept connections, reads the answers as JSON, and does nothing
 * else: below that no program goes which needs these answers and runs on Node. Started by startup.ts; a CommonJS file, as any other
 * costs a start more.
 */
const { readFileSync } = require("node:fs");
const https = require("node:https");

const { server, paths, ...credentials } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const agent = new https.Agent({ keepAlive: true, maxSockets: 2, ...credentials });
const read = (path) =>
  new Promise((resolve, reject) => {
    const request = https.get(new URL(path, server), { agent, headers: { accept: "application/json" } }, (response) => {
      const parts = [];
      response.on("data", (part) => parts.push(part));
      response.on("end", () => resolve(JSON.parse(Buffer.concat(parts))));
    });
    request.on("error", reject);
  });
Promise.all(paths.map(read)).then(() => agent.destroy());
