"""What the far side has seen: connections and calls of each service."""

import json
import urllib.request

from contenders import FAR_SIDE


def forget():
    urllib.request.urlopen(urllib.request.Request(FAR_SIDE["control"], method="DELETE")).close()


def read():
    with urllib.request.urlopen(FAR_SIDE["control"]) as book:
        return json.load(book)
