"""The server as pyarrow's Flight client sees it."""

import datetime
import json
import shutil
import sqlite3
import time

import pyarrow
import pyarrow.compute
from pyarrow import flight

from checks import Checks, Listening, arguments

check = Checks()
server, database, folder = arguments()
LISTS = {"inbox", "today", "upcoming", "anytime", "someday", "logbook", "trash", "all"}


def refused(kind, work, why):
    try:
        work()
    except kind as error:
        check.true(why in str(error), f"{error} does not say {why}")
    else:
        check.true(False, f"not refused: {why}")


def read(client, **query):
    info = client.get_flight_info(flight.FlightDescriptor.for_command(json.dumps(query)))
    table = client.do_get(info.endpoints[0].ticket).read_all()
    check.same(table.num_rows, info.total_records, query)
    return table


def look(client):
    infos = list(client.list_flights())
    check.same({info.descriptor.path[0].decode() for info in infos}, LISTS)
    schema = client.get_schema(flight.FlightDescriptor.for_path("inbox"))
    fields = {field.name: field.type for field in schema.schema}
    few = pyarrow.dictionary(pyarrow.int8(), pyarrow.string())
    check.same((fields["kind"], fields["status"], fields["start"]), (few, few, few))
    check.same((fields["start_date"], fields["deadline"]), (pyarrow.date32(), pyarrow.date32()))
    check.same(fields["created"], pyarrow.timestamp("us", "UTC"))
    check.same(fields["reminder"], pyarrow.time32("s"))
    for info in infos:
        check.same(info.schema, schema.schema)
        table = client.do_get(info.endpoints[0].ticket).read_all()
        table.validate(full=True)
        check.same(table.schema, schema.schema)

    tables = {name: read(client, list=name, today="2024-06-12") for name in LISTS - {"all"}}
    rows = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    titles = [row[0] for row in rows.execute(
        'SELECT title FROM TMTask WHERE start = 0 AND type = 0 AND status = 0 AND trashed = 0 '
        'AND rt1_recurrenceRule IS NULL ORDER BY "index"')]
    check.same(tables["inbox"]["title"].to_pylist(), titles)
    check.same(set(tables["logbook"]["status"].to_pylist()), {"completed", "cancelled"})
    check.same(set(tables["today"]["status"].to_pylist()), {"incomplete"})
    dates = tables["upcoming"]["start_date"].to_pylist()
    check.true(dates and min(dates) > datetime.date(2024, 6, 12), "upcoming is after today")
    stored = dict(rows.execute("SELECT uuid, creationDate FROM TMTask"))
    for task in read(client).to_pylist():
        check.true(abs(task["created"].timestamp() - stored[task["id"]]) < 1e-6, "created to the microsecond")

    refused(pyarrow.ArrowInvalid, lambda: read(client, list="inboxes"), "unknown variant")
    refused(pyarrow.ArrowInvalid, lambda: read(client, burn=1), "unknown field")
    refused(pyarrow.ArrowInvalid, lambda: client.do_get(flight.Ticket(b"\xff")), "no query")
    refused(KeyError, lambda: client.get_flight_info(flight.FlightDescriptor.for_path("nobody")), "no list")
    refused(KeyError, lambda: read(client, tag="nobody"), "no-such")
    refused(NotImplementedError, lambda: list(client.do_action("burn")), "only reads")


def many(client, copies):
    """Many tasks: streamed in batches, stopped in the middle, left unread."""
    writer = sqlite3.connect(database)
    columns = [row[1] for row in writer.execute("PRAGMA table_info(TMTask)") if row[1] != "uuid"]
    names = ", ".join(f'"{name}"' for name in columns)
    writer.execute(
        f"INSERT INTO TMTask (uuid, {names}) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
        f"WHERE i < {copies}) SELECT 'copy/' || i, {names} FROM n, (SELECT * FROM TMTask WHERE start = 0 AND type = 0 "
        "AND status = 0 AND trashed = 0 AND rt1_recurrenceRule IS NULL LIMIT 1)")
    writer.commit()
    writer.close()
    info = client.get_flight_info(flight.FlightDescriptor.for_path("inbox"))
    ticket = info.endpoints[0].ticket
    check.true(info.total_records > copies, "copies")
    chunks = [chunk.data.num_rows for chunk in client.do_get(ticket)]
    check.same(sum(chunks), info.total_records)
    check.true(len(chunks) > 3 and max(chunks) <= 4096, f"batches of {chunks}")

    # Clients that stop in the middle: more of them than there are connections.
    for _ in range(12):
        reader = client.do_get(ticket)
        reader.read_chunk()
        reader.cancel()
    check.same(client.do_get(ticket).read_all().num_rows, info.total_records)

    # Clients that read nothing hold all connections; the server takes them back.
    idle = [client.do_get(ticket) for _ in range(2)]
    for reader in idle:
        reader.read_chunk()
    begun = time.monotonic()
    check.same(client.do_get(ticket).read_all().num_rows, info.total_records)
    check.true(time.monotonic() - begun < 20, "the connections came back")
    time.sleep(2)
    for reader in idle:
        # What was under way arrives; then an error, so that nobody takes a part for the whole.
        refused(flight.FlightTimedOutError, lambda reader=reader: reader.read_all(), "nothing of it was taken")


try:
    with Listening(server, database, "--flight", "127.0.0.1:0", "--stall-timeout", "1", "--connections", "2") as listening:
        with flight.connect(f"grpc://{listening.addresses['flight']}") as client:
            look(client)
            many(client, 60_000)
finally:
    shutil.rmtree(folder)
check.report()
