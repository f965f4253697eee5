"use strict"

// zeromq.js sockets by remote control.
//
// Standard input carries requests, standard output the answers. Each is one line
// of JSON, followed by the octets of the frames whose sizes its "frames" lists.
// The process ends when standard input does.

const zmq = require("zeromq")
const draft = require("zeromq/draft")
const {allowMethods} = require("zeromq/lib/util")

// numbered makes a class for a kind that libzmq has, and zeromq.js no class for.
function numbered(type) {
  class Numbered extends require("zeromq/lib/native").Socket {
    constructor(options) {
      super(type, options)
    }
  }
  allowMethods(Numbered.prototype, ["send", "receive"])
  return Numbered
}

const kinds = {
  PAIR: zmq.Pair, PUB: zmq.Publisher, SUB: zmq.Subscriber, XPUB: zmq.XPublisher, XSUB: zmq.XSubscriber,
  REQ: zmq.Request, REP: zmq.Reply, DEALER: zmq.Dealer, ROUTER: zmq.Router, PUSH: zmq.Push, PULL: zmq.Pull,
  STREAM: zmq.Stream,
  SERVER: draft.Server, CLIENT: draft.Client, RADIO: draft.Radio, DISH: draft.Dish,
  GATHER: draft.Gather, SCATTER: draft.Scatter, DGRAM: draft.Datagram,
  PEER: numbered(19), CHANNEL: numbered(20),
}

// The numbers of the options, with what their values are. Those that zeromq.js has
// no name for are set by number, too.
const numbers = {
  EVENTS: 15, LINGER: 17, SNDHWM: 23, RCVHWM: 24, RCVTIMEO: 27, SNDTIMEO: 28, IMMEDIATE: 39, ROUTER_MANDATORY: 33,
  XPUB_VERBOSE: 40, PLAIN_SERVER: 44, CURVE_SERVER: 47, PROBE_ROUTER: 51, REQ_CORRELATE: 52, REQ_RELAXED: 53,
  CONFLATE: 54, ROUTER_HANDOVER: 56, HEARTBEAT_IVL: 75, HEARTBEAT_TTL: 76, HEARTBEAT_TIMEOUT: 77, XPUB_VERBOSER: 78,
}
const octets = {
  ROUTING_ID: 5, SUBSCRIBE: 6, UNSUBSCRIBE: 7, LAST_ENDPOINT: 32, PLAIN_USERNAME: 45, PLAIN_PASSWORD: 46,
  CURVE_PUBLICKEY: 48, CURVE_SECRETKEY: 49, CURVE_SERVERKEY: 50, ZAP_DOMAIN: 55, XPUB_WELCOME_MSG: 72,
}

// What zeromq.js calls the events, as libzmq calls them.
const eventNames = {
  connect: "CONNECTED", "connect:delay": "CONNECT_DELAYED", "connect:retry": "CONNECT_RETRIED",
  bind: "LISTENING", "bind:error": "BIND_FAILED", accept: "ACCEPTED", "accept:error": "ACCEPT_FAILED",
  close: "CLOSED", "close:error": "CLOSE_FAILED", disconnect: "DISCONNECTED", end: "MONITOR_STOPPED",
  handshake: "HANDSHAKE_SUCCEEDED", "handshake:error:protocol": "HANDSHAKE_FAILED_PROTOCOL",
  "handshake:error:auth": "HANDSHAKE_FAILED_AUTH", "handshake:error:other": "HANDSHAKE_FAILED_NO_DETAIL",
}

// receive receives a message. The binding gives up early when what made a socket
// readable is a message that it drops, such as a reply of which a REQ knows nothing.
async function receive(s, milliseconds) {
  const end = Date.now() + milliseconds
  for (let left = milliseconds; ; left = end - Date.now()) {
    s.setInt32Option(numbers.RCVTIMEO, left)
    try {
      return await s.receive()
    } catch (e) {
      if (e.code !== "EAGAIN" || Date.now() >= end) throw e
    }
  }
}

const sockets = new Map()
const monitors = new Map()

// All observers there ever were: zeromq.js names an observer's endpoint by its
// address, and one that is collected may leave that to the next one too early.
const observers = []

// set sets an option by its name. The value is a number, or octets as a list of
// numbers. Of a DISH, JOIN and LEAVE are taken for options.
function set(s, name, value) {
  if (name === "JOIN") {
    zmq.Socket.prototype.join.call(s, Buffer.from(value))
  } else if (name === "LEAVE") {
    zmq.Socket.prototype.leave.call(s, Buffer.from(value))
  } else if (name in numbers) {
    s.setInt32Option(numbers[name], value)
  } else if (name in octets) {
    s.setStringOption(octets[name], Buffer.from(value))
  } else {
    throw new Error(`no option ${name}`)
  }
}

// attend lets a socket do what its own threads ask of it, such as add a peer.
// libzmq does that only when the application calls it.
function attend(s) {
  s.getInt32Option(numbers.EVENTS)
}

// A Monitor keeps the events of a socket until somebody asks for them.
class Monitor {
  events = []
  wake = () => {}

  constructor(observer) {
    this.observer = observer
    this.run()
  }

  async run() {
    try {
      for await (const e of this.observer) {
        this.events.push(e)
        this.wake()
      }
    } catch (e) {
      if (!this.observer.closed) throw e
    }
  }

  async next(milliseconds) {
    if (this.events.length === 0) {
      await new Promise(resolve => {
        const timer = setTimeout(resolve, milliseconds)
        this.wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    return this.events.shift()
  }
}

// Who may come in, by domain: the passwords of users, and the keys of clients in
// Z85. A handler of ZAP asks them once there are any.
const domains = new Map()

async function serveZAP() {
  const s = new zmq.Reply({linger: 0})
  await s.bind("inproc://zeromq.zap.01")
  for await (const [version, id, domain, , , mechanism, ...credentials] of s) {
    const known = domains.get(domain.toString()) ?? {passwords: {}, keys: []}
    let user
    if (mechanism.toString() === "PLAIN") {
      const [name, password] = credentials.map(String)
      if (known.passwords[name] === password) user = name
    } else if (mechanism.toString() === "CURVE") {
      user = known.keys.find(key => z85(key).equals(credentials[0]))
    }
    const status = user === undefined ? ["400", "no", ""] : ["200", "OK", user]
    await s.send([version, id, ...status, ""])
  }
}

// z85 decodes Z85 (RFC 32).
function z85(text) {
  const digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
  const b = Buffer.alloc(text.length / 5 * 4)
  for (let i = 0; i < text.length / 5; i++) {
    const five = Array.from(text.slice(i * 5, i * 5 + 5))
    b.writeUInt32BE(five.reduce((n, c) => n * 85 + digits.indexOf(c), 0), i * 4)
  }
  return b
}

const operations = {
  versions() {
    return {
      library: `zeromq.js ${require("zeromq/package.json").version}, libzmq ${zmq.version}`,
      runtime: `Node ${process.versions.node}`,
    }
  },

  socket({name, kind, options}) {
    const s = new kinds[kind]({linger: 0})
    try {
      for (const o of options) set(s, o.name, o.value)
    } catch (e) {
      s.close()
      throw e
    }
    observers.push(s.events)
    monitors.set(name, new Monitor(s.events))
    sockets.set(name, s)
  },

  setsockopt({name, option, to}) {
    const s = sockets.get(name)
    set(s, option, to)
    attend(s)
  },

  async bind({name, endpoint}) {
    const s = sockets.get(name)
    await s.bind(endpoint)
    return {endpoint: s.getStringOption(octets.LAST_ENDPOINT)}
  },

  connect({name, endpoint}) {
    sockets.get(name).connect(endpoint)
  },

  // close closes a socket. Its observer ends after it: libzmq's threads would wait
  // for ever to tell of an event that nobody hears. One that was given away is not
  // closed.
  close({name}) {
    sockets.get(name)?.close()
    monitors.delete(name)
    sockets.delete(name)
  },

  // wait sends or receives one message, or tells that the time was up. What a
  // draft socket has beside a message is its first frame: of a SERVER the routing
  // id in four octets, big end first, of RADIO and DISH the group.
  async wait({name, milliseconds, sending}, frames) {
    const s = sockets.get(name)
    try {
      if (sending) {
        s.setInt32Option(numbers.SNDTIMEO, milliseconds)
        if (s instanceof draft.Server) {
          await s.send(frames[1], {routingId: frames[0].readUInt32BE(0)})
        } else if (s instanceof draft.Radio) {
          await s.send(frames[1], {group: frames[0]})
        } else {
          await s.send(frames)
        }
        attend(s)
        return {}
      }
      const m = await receive(s, milliseconds)
      if (s instanceof draft.Server) {
        const id = Buffer.alloc(4)
        id.writeUInt32BE(m[1].routingId)
        return {frames: [id, m[0]]}
      }
      if (s instanceof draft.Dish) {
        return {frames: [Buffer.from(m[1].group), m[0]]}
      }
      return {frames: m.filter(Buffer.isBuffer)}
    } catch (e) {
      if (e.code === "EAGAIN") return {late: true}
      throw e
    }
  },

  // event returns the next event of the socket. The socket has taken note of it
  // then: of the new peer, for example.
  async event({name, milliseconds}) {
    const e = await monitors.get(name).next(milliseconds)
    if (e === undefined) return {late: true}
    if (sockets.has(name)) attend(sockets.get(name))
    return {event: eventNames[e.type] ?? e.type, detail: e.error?.code ?? ""}
  },

  // proxy runs a proxy between two sockets until the process ends.
  proxy({front, back}) {
    const [a, b] = [front, back].map(name => {
      const s = sockets.get(name)
      sockets.delete(name)
      return s
    })
    new zmq.Proxy(a, b).run()
  },

  // stream sends multipart messages until the process ends. Every frame is the
  // number of its message, then its own number, then filler.
  stream({name, parts, size}) {
    const s = sockets.get(name)
    sockets.delete(name)
    s.setInt32Option(numbers.SNDTIMEO, -1)
    const filler = Buffer.alloc(size)
    const digits = (n, width) => String(n).padStart(width, "0") + " "
    const run = async () => {
      for (let number = 0; ; number++) {
        const part = (_, i) => Buffer.concat([Buffer.from(digits(number, 8) + digits(i, 4)), filler])
        await s.send(Array.from({length: parts}, part))
      }
    }
    run()
  },

  // authenticate decides who may come in to sockets that are servers in a domain.
  authenticate({domain, passwords, keys}) {
    if (domains.size === 0) serveZAP()
    domains.set(domain, {passwords, keys})
  },

  // keypair returns a new pair of CURVE keys.
  keypair() {
    const {publicKey, secretKey} = zmq.curveKeyPair()
    return {public: publicKey, secret: secretKey}
  },
}

// Input gives out standard input by lines and by sizes.
class Input {
  chunks = process.stdin[Symbol.asyncIterator]()
  buffered = Buffer.alloc(0)

  async more() {
    const {value, done} = await this.chunks.next()
    if (done) return false
    this.buffered = Buffer.concat([this.buffered, value])
    return true
  }

  take(n) {
    const b = this.buffered.subarray(0, n)
    this.buffered = this.buffered.subarray(n)
    return b
  }

  async line() {
    let end
    while ((end = this.buffered.indexOf(10)) < 0) {
      if (!await this.more()) return undefined
    }
    return this.take(end + 1).toString()
  }

  async octets(n) {
    const parts = []
    while (n > 0) {
      if (this.buffered.length === 0 && !await this.more()) throw new Error("the request broke off")
      const part = this.take(Math.min(n, this.buffered.length))
      n -= part.length
      parts.push(part)
    }
    return Buffer.concat(parts)
  }
}

async function main() {
  const input = new Input()
  for (let line; (line = await input.line()) !== undefined;) {
    const request = JSON.parse(line)
    const frames = []
    for (const n of request.frames ?? []) frames.push(await input.octets(n))
    let answer, body = []
    try {
      answer = await operations[request.op](request.args ?? {}, frames) ?? {}
      body = answer.frames ?? []
      answer.frames = body.map(f => f.length)
    } catch (e) {
      if (e.code === undefined) throw e
      answer = {error: e.code, frames: []}
    }
    process.stdout.write(Buffer.concat([Buffer.from(JSON.stringify(answer) + "\n"), ...body]))
  }
  process.kill(process.pid, "SIGKILL") // a socket given away would hold up an orderly end
}

main()
