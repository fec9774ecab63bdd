"""The server's metrics as a Prometheus parser reads them."""

import http.client
import json
import shutil
import signal
import subprocess

from prometheus_client.parser import text_string_to_metric_families

from checks import Checks, arguments

check = Checks()
server, database, folder = arguments()


def fetch(address, path="/metrics", method="GET", host=None):
    connection = http.client.HTTPConnection(address, timeout=10)
    connection.request(method, path, headers={"Host": host or address})
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response.status, response.headers.get("Content-Type"), body


def samples(families, name):
    return {tuple(sorted(sample.labels.items())): sample.value
            for family in families for sample in family.samples if sample.name == name}


def send(process, **message):
    process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    process.stdin.flush()


command = [server, "--database", database, "--metrics", "127.0.0.1:0"]
process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
try:
    address = json.loads(process.stderr.readline())["address"]
    send(process, id=0, method="initialize", params={
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "metrics", "version": "1"}})
    process.stdout.readline()
    calls = [("inbox", {}), ("inbox", {"limit": 1}), ("inbox", {"limit": 0}), ("task", {"id": "nobody"}), ("burn", {})]
    for place, (name, arguments) in enumerate(calls, 1):
        send(process, id=place, method="tools/call", params={"name": name, "arguments": arguments})
        process.stdout.readline()

    status, kind, body = fetch(address)
    check.same((status, kind), (200, "text/plain; version=0.0.4; charset=utf-8"))
    families = list(text_string_to_metric_families(body))
    check.true(families, "some metrics")
    for family in families:
        check.true(family.type != "unknown", f"{family.name} has a type")
        check.true(family.documentation, f"{family.name} has a description")
    counted = samples(families, "things_server_calls_total")
    expected = {("inbox", "ok"): 2, ("inbox", "invalid"): 1, ("task", "error"): 1, ("unknown", "invalid"): 1}
    check.same(counted, {(("outcome", outcome), ("tool", tool)): count for (tool, outcome), count in expected.items()})
    check.same(samples(families, "things_server_call_duration_seconds_count")[(("tool", "inbox"),)], 3)
    buckets = samples(families, "things_server_call_duration_seconds_bucket")
    check.same(buckets[(("le", "+Inf"), ("tool", "inbox"))], 3)
    check.same(samples(families, "things_server_calls_in_flight")[()], 0)
    # The store's own metrics, of the same process.
    queries = samples(families, "things_store_queries_total")
    check.true(sum(queries.values()) >= 4, f"queries were counted: {queries}")
    check.true(samples(families, "things_store_query_duration_seconds_bucket"), "a histogram of queries")
    check.true(samples(families, "things_store_pool_connections"), "connections of the pools")

    check.same(fetch(address, "/")[0], 404)
    check.same(fetch(address, method="POST")[0], 405)
    check.same(fetch(address, host="evil.example")[0], 403)
    check.same(fetch(address, host="localhost")[0], 200)
    process.send_signal(signal.SIGTERM)
    check.same(process.wait(timeout=20), 0)
finally:
    process.kill()
    process.communicate()
    shutil.rmtree(folder)
check.report()
