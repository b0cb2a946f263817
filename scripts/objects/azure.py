"""Makes a container `lake` in Azure Blob Storage and prints a shared access signature for it.

    azure.py ADDRESS ACCOUNT KEY
"""

import base64
import hashlib
import hmac
import sys
import urllib.parse
import urllib.request

VERSION = "2023-11-03"


def signature(account, key):
    """An account signature: everything in the service of blobs, until 2099."""
    fields = {"sp": "rwdlac", "ss": "b", "srt": "sco", "st": "", "se": "2099-01-01T00:00:00Z", "sip": "", "spr": ""}
    text = "\n".join([account, *fields.values(), VERSION, "", ""])
    sig = hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
    given = {name: value for name, value in fields.items() if value}
    return urllib.parse.urlencode({"sv": VERSION, **given, "sig": base64.b64encode(sig).decode()})


def main(address, account, key):
    token = signature(account, key)
    make = urllib.request.Request(f"{address}/{account}/lake?restype=container&{token}", method="PUT")
    urllib.request.urlopen(make).close()
    print(token)


if __name__ == "__main__":
    main(*sys.argv[1:])
