// A ZRE node of zyre.js.
//
// usage: peer.js INTERFACE NAME EVASIVE EXPIRED (in milliseconds)
//
// Commands are lines of JSON on the standard input, answers and events lines of
// JSON on the standard output. The end of the input ends the program.

"use strict";

const readline = require("readline");
const Zyre = require("zyre.js");
const zeromq = require("zeromq");

const [iface, name, evasive, expired] = process.argv.slice(2);

function say(record) {
  process.stdout.write(JSON.stringify(record) + "\n");
}

const node = Zyre.new({
  iface, name, evasive: Number(evasive), expired: Number(expired), headers: { "X-FROM": "zyre.js" },
});

node.on("connect", (id, of, headers) => say({ Kind: "entered", ID: id, Text: `${of} ${JSON.stringify(headers)}` }));
node.on("disconnect", (id) => say({ Kind: "exited", ID: id, Text: "disconnect" }));
node.on("expired", (id) => say({ Kind: "expired", ID: id }));
node.on("join", (id, of, group) => say({ Kind: "joined", ID: id, Text: group }));
node.on("leave", (id, of, group) => say({ Kind: "left", ID: id, Text: group }));
node.on("whisper", (id, of, text) => say({ Kind: "whispered", ID: id, Text: text }));
node.on("shout", (id, of, text, group) => say({ Kind: "shouted", ID: id, Text: `${group}: ${text}` }));

node.start().then(() => {
  const version = require("./node_modules/zyre.js/package.json").version;
  say({ Kind: "ready", ID: node.getIdentity(), Text: `zyre.js ${version}, libzmq ${zeromq.version}` });
  readline.createInterface({ input: process.stdin }).on("line", (line) => {
    const c = JSON.parse(line);
    switch (c.Do) {
      case "join": node.join(c.Group); break;
      case "leave": node.leave(c.Group); break;
      case "whisper": node.whisper(c.ID, c.Text); break;
      case "shout": node.shout(c.Group, c.Text); break;
      case "stop": node.stop().then(() => say({ Kind: "stopped" })); break;
    }
  }).on("close", () => process.exit(0));
});
