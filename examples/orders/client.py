"""A shop of this example in Python, over libzmq.

It sends orders to workers, and one message that is no order, and reads in the
news of the archive what became of them. Debian has what this needs in
python3-zmq and python3-msgpack.
"""

import argparse
import datetime
import sys

import msgpack
import zmq

PATIENCE = 20_000  # milliseconds without any news


def order(shop, number, item):
    return {
        "id": f"{shop}/{number}",
        "item": item,
        "quantity": 2,
        "cents": 250,
        "placed": datetime.datetime.now(datetime.timezone.utc),
        "color": "red",  # which the workers do not know, and pass over
    }


def main():
    p = argparse.ArgumentParser(description="A shop: sends orders, and reads what became of them.")
    p.add_argument("--name", default="python", help="of the shop")
    p.add_argument("--bind", default="tcp://127.0.0.1:*", help="endpoint to listen on for workers")
    p.add_argument("--news", required=True, help="endpoint where the archive publishes")
    p.add_argument("items", nargs="*", default=["tea", "soufflé", "unicorn steak"], help="what to order")
    args = p.parse_args()

    with zmq.Context() as context, context.socket(zmq.SUB) as news, context.socket(zmq.PUSH) as push:
        news.setsockopt(zmq.RCVTIMEO, PATIENCE)
        news.subscribe(args.name + "/")
        news.connect(args.news)
        push.setsockopt(zmq.LINGER, PATIENCE)
        push.bind(args.bind)
        print(f"{args.name} listening for workers on {push.getsockopt_string(zmq.LAST_ENDPOINT)}", flush=True)

        placed = {}
        for number, item in enumerate(args.items, 1):
            o = order(args.name, number, item)
            push.send(msgpack.packb(o, datetime=True))  # waits until there is a worker
            placed[o["id"]] = item
        push.send(b"not an order")

        while placed:
            try:
                topic, body = news.recv_multipart()
            except zmq.Again:
                sys.exit(f"no news of {', '.join(placed)}")
            outcome = msgpack.unpackb(body)
            item = placed.pop(outcome["order"])
            if dead := outcome.get("dead"):
                print(f"{item}: {dead}", flush=True)
            else:
                print(f"{item}: {outcome['cents']} cents, made by {outcome['worker']} in {outcome['tries']} tries", flush=True)


if __name__ == "__main__":
    main()
