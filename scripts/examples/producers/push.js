// node push.js KEY: pushes a task whose reply goes to KEY, prints the reply.
const key = process.argv[2], path = process.env.REDIS_SOCKET;
const redis = require("net").connect(path ? { path } : { host: "127.0.0.1", port: 6379 });
const task = JSON.stringify({ task: "echo", args: { from: "node" }, reply_to: key });
for (const words of [["LPUSH", "tasks", task], ["BLPOP", key, "30"]])
  redis.write(`*${words.length}\r\n` + words.map((w) => `$${Buffer.byteLength(w)}\r\n${w}\r\n`).join(""));
let got = "";
redis.on("data", (bytes) => {
  const lines = (got += bytes).split("\r\n"); // :1, *2, $n, KEY, $n, the reply
  if (lines.length > 6) console.log(lines[5]), redis.end();
});
