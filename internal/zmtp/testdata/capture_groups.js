// Captures the goldens of RADIO and DISH, which only a libzmq with its draft
// sockets sends: node capture_groups.js, with zeromq from npm.
"use strict"
const dgram = require("dgram")
const fs = require("fs")
const net = require("net")
const path = require("path")
const zmq = require("zeromq")
const {Dish, Radio} = require("zeromq/draft")

const greeting = Buffer.alloc(64)
Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1]).copy(greeting)
greeting.write("NULL", 12)

const ready = type => {
  const value = Buffer.alloc(4)
  value.writeUInt32BE(type.length)
  const body = Buffer.concat([Buffer.from("\x05READY\x0bSocket-Type"), value, Buffer.from(type)])
  return Buffer.concat([Buffer.from([4, body.length]), body])
}

const write = (name, what, octets) => {
  const lines = octets.toString("hex").match(/.{1,64}/g) || [""]
  fs.writeFileSync(path.join(__dirname, name + ".hex"), `# libzmq ${zmq.version}: ${what}\n${lines.join("\n")}\n`)
}

// meet listens for a socket of libzmq as a peer of the type. What it returns reads
// octets and frames of that socket.
const meet = type => new Promise(resolve => {
  const server = net.createServer(conn => {
    let held = Buffer.alloc(0), wake = () => {}
    conn.on("data", d => { held = Buffer.concat([held, d]); wake() })
    conn.write(Buffer.concat([greeting, ready(type)]))
    const read = async n => {
      while (held.length < n) await new Promise(r => { wake = r })
      const got = held.subarray(0, n)
      held = held.subarray(n)
      return got
    }
    const frame = async () => {
      let head = await read(2)
      if (head[0] & 2) head = Buffer.concat([head, await read(7)])
      const size = head[0] & 2 ? Number(head.readBigUInt64BE(1)) : head[1]
      return Buffer.concat([head, await read(size)])
    }
    connected({read, frame, write: b => conn.write(b)})
  })
  let connected
  const peer = new Promise(r => { connected = r })
  server.listen(0, "127.0.0.1", () => resolve({endpoint: `tcp://127.0.0.1:${server.address().port}`, peer}))
})

const main = async () => {
  const dish = new Dish({linger: 0}), forDish = await meet("RADIO")
  dish.connect(forDish.endpoint)
  const d = await forDish.peer
  await d.read(64)
  write("ready_dish", "READY of a DISH", await d.frame())
  for (const n of [0, 1, 250, 251, 255]) {
    const group = "A".repeat(n)
    dish.join(group)
    write(`join_${n}`, `a DISH joins the group of ${n} times "A"`, await d.frame())
    dish.leave(group)
    write(`leave_${n}`, `a DISH leaves the group of ${n} times "A"`, await d.frame())
  }

  const radio = new Radio({linger: 0}), forRadio = await meet("DISH")
  radio.connect(forRadio.endpoint)
  const r = await forRadio.peer
  await r.read(64)
  write("ready_radio", "READY of a RADIO", await r.frame())
  r.write(Buffer.from("\x04\x06\x04JOINA"))
  r.write(Buffer.from("\x04\x08\x04PING\x00\x00x")) // answered once the group is known
  await r.frame()
  await radio.send("body", {group: "A"})
  write("message_group", 'a RADIO sends "body" to the group "A"', Buffer.concat([await r.frame(), await r.frame()]))

  const plain = dgram.createSocket("udp4")
  await new Promise(resolve => plain.bind(0, "127.0.0.1", resolve))
  const wireless = new Radio({linger: 0})
  wireless.connect(`udp://127.0.0.1:${plain.address().port}`)
  for (const [name, group, body] of [["short", "A", "body"], ["empty", "", ""], ["longest", "A".repeat(255), "body"]]) {
    const got = new Promise(resolve => plain.once("message", resolve))
    await wireless.send(body, {group})
    write(`datagram_${name}`, `a RADIO sends "${body}" to the group of ${group.length} times "A", over UDP`, await got)
  }
  process.exit(0)
}

setTimeout(() => { console.error("no answer"); process.exit(1) }, 20000)
main()
