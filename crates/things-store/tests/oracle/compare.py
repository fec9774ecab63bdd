#!/usr/bin/env python3
"""Compares the lists of things-store with those of things.py, a library that shares no code with it.

    compare.py LISTS DATABASE [DATABASE ...]

LISTS is the example `lists` of things-store, built. Where the two differ on purpose, DECISIONS says so and why; any other
difference is a finding, and the exit code is 1.
"""

import datetime
import json
import os
import sqlite3
import subprocess
import sys

try:
    import things
except ImportError:
    print(json.dumps({"unavailable": "things.py is not installed: ci/clients/install"}))
    sys.exit(0)

# A list of things.py is taken as it is but for these. Each takes a task of things.py and the facts of the database, and says
# whether things-store leaves the task out.
DECISIONS = {
    "headings": (
        "a heading belongs to its project's page and to no list; things-store reads headings on request",
        lambda name, task, facts: task["type"] == "heading",
    ),
    "in a repeating template": (
        "the app shows what is in a repeating project only in the instances made from it",
        lambda name, task, facts: task["uuid"] in facts["in-template"],
    ),
    "waits in a someday project": (
        "the app shows it with its project, which is in Someday, and not in Anytime",
        lambda name, task, facts: name == "anytime" and task["uuid"] in facts["in-someday"],
    ),
    "starts later": (
        "a start date after today is Upcoming, whatever `start` says; things.py goes by `start` alone",
        lambda name, task, facts: name == "today" and (task["start_date"] or "") > facts["today"],
    ),
    "found by the name of its area": (
        "things-store searches titles and notes; things.py the area's title too",
        lambda name, task, facts: name == "search"
        and facts["text"].lower() not in f"{task['title']}\0{task['notes']}".lower(),
    ),
}

# And the other way: what things-store has in a list and things.py has not.
ADDITIONS = {
    "starts later": (
        "as above: it is in Upcoming",
        lambda name, task, facts: name == "upcoming" and task["start"] != "Someday",
    ),
}

# The order of these is the same; a day of Today, and ties, are ordered differently.
ORDERED = {"inbox", "anytime", "someday", "projects", "search"}


def facts_of(path, today, text):
    """What the decisions need to know, by SQL of its own."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        inside = """
            SELECT t.uuid FROM TMTask t LEFT JOIN TMTask h ON h.uuid = t.heading
            JOIN TMTask p ON p.uuid = coalesce(h.project, t.project) WHERE
        """
        one = lambda where: {uuid for (uuid,) in database.execute(inside + where)}
        return {
            "in-template": one("p.rt1_recurrenceRule IS NOT NULL"),
            "in-someday": one("p.start = 2"),
            "today": today,
            "text": text,
        }


def theirs(path, text):
    every = {"database": things.Database(filepath=path), "include_items": False}
    # Without `status=None` the search would be among the open ones only.
    lists = {
        "inbox": things.inbox(**every),
        "today": things.today(**every),
        "upcoming": things.upcoming(**every),
        "anytime": things.anytime(**every),
        "someday": things.someday(**every),
        "logbook": things.logbook(**every),
        "trash": things.trash(**every),
        "deadlines": things.deadlines(**every),
        "projects": things.projects(**every),
        "search": things.search(text, status=None, **every),
    }
    database = every["database"]
    for tasks in lists.values():
        for task in tasks:
            # `tags` and `checklist` say only whether there are any.
            task["tags"] = database.get_tags_of_task(task["uuid"])
            task["checklist"] = [line["title"] for line in database.get_checklist_items(task["uuid"])]
    areas = things.areas(database=database)
    lists["areas"] = [area["title"] for area in areas]
    lists["tags"] = [tag["title"] for tag in things.tags(database=database)]
    for area in areas:
        lists[f"area {area['uuid']}"] = database.get_tags_of_area(area["uuid"])
    return lists


FIELDS = ["type", "status", "start", "title", "notes", "start_date", "deadline", "reminder_time", "area", "heading"]
FIELDS += ["index", "today_index", "tags", "checklist", "stop_date", "created"]


def record(task):
    """A task of either library in the same words."""
    found = {field: task.get(field) for field in FIELDS}
    for field in ["stop_date", "created"]:
        # Local time, which is UTC here, against RFC 3339.
        found[field] = found[field] and found[field].replace("T", " ").rstrip("Z")
    # things.py gives a reminder at midnight as the stored number, which is zero.
    if found["reminder_time"] == 0:
        found["reminder_time"] = "00:00"
    return found


def differences(path, program, today, text, used):
    output = subprocess.run([program, path, today, text], check=True, capture_output=True, text=True)
    ours, other, facts = json.loads(output.stdout), theirs(path, text), facts_of(path, today, text)
    if set(ours) != set(other):
        yield f"lists: {sorted(set(ours) ^ set(other))}"
    for name, tasks in other.items():
        if name in {"areas", "tags"} or name.startswith("area "):
            if ours[name] != tasks:
                yield f"{name}: {ours[name]} and not {tasks}"
            continue
        kept = []
        for task in tasks:
            decided = [key for key, (_, leaves_out) in DECISIONS.items() if leaves_out(name, task, facts)]
            used.update(decided)
            if not decided:
                kept.append(task)
        mine, yours = {t["uuid"]: t for t in ours[name]}, {t["uuid"]: t for t in kept}
        for uuid in yours.keys() - mine.keys():
            yield f"{name}: {uuid} `{yours[uuid]['title']}` is missing"
        for uuid in mine.keys() - yours.keys():
            decided = [key for key, (_, adds) in ADDITIONS.items() if adds(name, mine[uuid], facts)]
            used.update(decided)
            if not decided:
                yield f"{name}: {uuid} `{mine[uuid]['title']}` is too many"
        both = mine.keys() & yours.keys()
        for uuid in both:
            a, b = record(mine[uuid]), record(yours[uuid])
            for field in FIELDS:
                if a[field] != b[field]:
                    yield f"{name}: {uuid}: {field} is {a[field]!r} and not {b[field]!r}"
        order = [[t["index"] for t in tasks if t["uuid"] in both] for tasks in (ours[name], kept)]
        if name in ORDERED and order[0] != order[1]:
            yield f"{name}: another order"


def main():
    program, *paths = sys.argv[1:]
    # things.py gives local times and asks SQLite for the day.
    os.environ["TZ"] = "UTC"
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    used, compared, found = set(), 0, 0
    for path in paths:
        for text in ["the", "review", "milk", "é", "household"]:
            for difference in differences(path, program, today, text, used):
                found += 1
                print(json.dumps({"finding": f"{os.path.basename(path)}: {difference}", "level": "error"}))
            compared += 1
    print(f"{compared} comparisons with things.py {things.__version__}, {found} differences that nobody decided")
    for key in sorted(used):
        reason = (DECISIONS.get(key) or ADDITIONS[key])[0]
        print(f"decided: {key}: {reason}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
