// A process with sockets of zeromq.js, whose libzmq speaks WebSocket. It takes
// one request a line, as JSON, and answers each with one.
"use strict"
const zmq = require("zeromq")
const readline = require("readline")

const sockets = []
const decode = frames => frames.map(f => Buffer.from(f, "base64"))
const encode = frames => frames.map(f => f.toString("base64"))

const operations = {
  async open({kind, options}) {
    const s = new zmq[kind]({linger: 5000, ...options})
    for (const name of ["receiveTimeout", "sendTimeout"]) if (name in s) s[name] = 20000
    return {socket: sockets.push(s) - 1}
  },
  async bind({socket, endpoint}) {
    await sockets[socket].bind(endpoint)
    return {endpoint: sockets[socket].lastEndpoint}
  },
  async connect({socket, endpoint}) {
    sockets[socket].connect(endpoint)
    return {}
  },
  async subscribe({socket, topic}) {
    sockets[socket].subscribe(topic)
    return {}
  },
  async send({socket, frames}) {
    await sockets[socket].send(decode(frames))
    return {}
  },
  async recv({socket}) {
    return {frames: encode(await sockets[socket].receive())}
  },
  async echo({socket, count}) {
    for (let i = 0; i < count; i++) await sockets[socket].send(await sockets[socket].receive())
    return {}
  },
  async flood({socket, count, size}) {
    for (let i = 0; i < count; i++) await sockets[socket].send([String(i), Buffer.alloc(size, i)])
    return {}
  },
  async close({socket}) {
    sockets[socket].close()
    return {}
  },
}

// A server of PLAIN asks who may come in (RFC 27): everybody.
async function admit() {
  const zap = new zmq.Reply()
  await zap.bind("inproc://zeromq.zap.01")
  for await (const [version, id] of zap) await zap.send([version, id, "200", "OK", "somebody", ""])
}

admit().catch(e => console.error(e))
console.log(JSON.stringify({version: zmq.version}))
readline.createInterface({input: process.stdin}).on("line", async line => {
  const request = JSON.parse(line)
  try {
    console.log(JSON.stringify(await operations[request.op](request)))
  } catch (e) {
    console.log(JSON.stringify({error: String(e)}))
  }
}).on("close", () => process.exit(0))
