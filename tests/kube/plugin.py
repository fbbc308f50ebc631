"""A credential plugin: `plugin.py BEHAVIOUR DIRECTORY`. It counts its calls in a file there."""

from __future__ import annotations

import datetime
import json
import sys
from pathlib import Path


def main(behaviour: str, directory: str) -> int:
    counter = Path(directory) / "calls"
    calls = int(counter.read_text()) + 1 if counter.exists() else 1
    counter.write_text(str(calls))
    status: dict[str, str] = {"token": f"token-{calls}"}
    version = "client.authentication.k8s.io/v1"
    if behaviour == "fails":
        sys.stdout.write('{"token": "s3cr3t"}')
        sys.stderr.write("\x1b[31mSSO session has expired; run aws sso login\n")
        return 7
    if behaviour == "fails-later" and calls > 1:
        return 1
    if behaviour == "garbage":
        sys.stdout.write("s3cr3t is no JSON")
        return 0
    if behaviour == "list":
        sys.stdout.write('["s3cr3t"]')
        return 0
    if behaviour == "nothing":
        status = {"s3cr3t": "s3cr3t"}
    if behaviour == "other-version":
        version = "s3cr3t/v1beta1"
    if behaviour == "keyless":
        status = {"clientCertificateData": "s3cr3t"}
    if behaviour == "certificate":
        pem = (Path(__file__).parent / "tls" / "server.pem").read_text()
        status = {"clientCertificateData": pem, "clientKeyData": pem}
    if behaviour == "newline":
        status = {"token": "s3cr3t\nX-Evil: 1"}
    if behaviour == "short-lived":
        soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=60)
        status["expirationTimestamp"] = soon.strftime("%Y-%m-%dT%H:%M:%SZ")
    sys.stdout.write(json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": status}))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
