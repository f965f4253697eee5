"""python3-zeroconf as a browser, and as an announcer, of one type of service.

usage: zeroconf_peer.py ADDRESS

Commands are lines of JSON on the standard input, answers and events lines of
JSON on the standard output. The end of the input ends the program, which then
withdraws what it announced.
"""

import json
import socket
import sys

from zeroconf import IPVersion, ServiceBrowser, ServiceInfo, Zeroconf, __version__

TYPE = "_brokerless._tcp.local."


def say(**fields):
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


class Listener:
    def __init__(self, type_):
        self.type = type_

    def tell(self, kind, zc, name):
        info = zc.get_service_info(TYPE, name, timeout=5000)
        if info is None:
            say(Kind="unresolved", ID=name.split(".")[0])
            return
        text = {
            k.decode(): None if v is None else v.decode("utf-8", "replace")
            for k, v in info.properties.items()
        }
        say(
            Kind=kind,
            ID=name.split(".")[0],
            Text=json.dumps(text, ensure_ascii=False, sort_keys=True),
            Where=["%s:%d" % (a, info.port) for a in info.parsed_addresses()],
        )

    def add_service(self, zc, type_, name):
        self.tell("added", zc, name)

    def update_service(self, zc, type_, name):
        self.tell("updated", zc, name)

    def remove_service(self, zc, type_, name):
        say(Kind="removed", ID=name.split(".")[0])


def main():
    address = sys.argv[1]
    zc = Zeroconf(interfaces=[address], ip_version=IPVersion.V4Only)
    infos = {}
    say(Kind="ready", Text=__version__)
    for line in sys.stdin:
        c = json.loads(line)
        if c["Do"] == "browse":
            type_ = c.get("Type") or TYPE
            ServiceBrowser(zc, type_, listener=Listener(type_))
        elif c["Do"] == "forget":
            zc.unregister_service(infos.pop(c["ID"]))
        else:
            info = ServiceInfo(
                TYPE,
                c["ID"] + "." + TYPE,
                addresses=[socket.inet_aton(address)],
                port=c["Port"],
                properties=c["Text"],
                server="python-%s.local." % c["ID"][:8],
            )
            if c["ID"] in infos:
                zc.update_service(info)
            else:
                zc.register_service(info)
            infos[c["ID"]] = info
        say(Kind="done", ID=c.get("ID", ""), Text=c["Do"])
    zc.close()


main()
