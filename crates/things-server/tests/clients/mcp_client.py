"""The server as the Python MCP SDK sees it, over real pipes, in each way of beginning that the SDK has."""

import asyncio
import json
import shutil
import sqlite3

from checks import Checks, arguments
from mcp import Client, MCPError
from mcp.client.stdio import StdioServerParameters

check = Checks()
server, database, folder = arguments()

LISTS = ["inbox", "today", "upcoming", "anytime", "someday", "logbook", "trash"]
OTHERS = ["projects", "areas", "tags", "headings", "checklist", "deadlines", "task", "by_tag", "by_area", "search", "count"]
DAY = {"today": "2024-06-12"}


def client(mode, *options):
    return Client(StdioServerParameters(command=server, args=["--database", database, *options]), mode=mode)


async def answer(session, tool, **arguments):
    result = await session.call_tool(tool, arguments)
    check.true(not result.is_error, f"{tool}: {result.content}")
    # The text is the same JSON, for clients that do not know structured content.
    check.same(json.loads(result.content[0].text), result.structured_content, tool)
    return result.structured_content


async def refused(awaitable, code, why):
    try:
        await awaitable
    except MCPError as error:
        check.same(error.error.code, code, why)
        check.true(why in error.error.message, f"{error.error.message} does not say {why}")
    else:
        check.true(False, f"not refused: {why}")


async def reading(mode):
    async with client(mode) as session:
        check.same(session.server_info.name, "things-server")
        check.true("time zone" in session.instructions, "instructions")
        tools = {tool.name: tool for tool in (await session.list_tools()).tools}
        check.same(sorted(tools), sorted(LISTS + OTHERS), "tools")
        for name, tool in tools.items():
            check.true(tool.description and tool.title, f"{name} has a description")
            check.same(tool.input_schema["type"], "object", name)
            check.same(tool.input_schema.get("additionalProperties"), False, name)
            check.true(tool.output_schema["properties"], name)
            check.same(tool.annotations.read_only_hint, True, name)

        titles = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        expected = [row[0] for row in titles.execute(
            'SELECT title FROM TMTask WHERE start = 0 AND type = 0 AND status = 0 AND trashed = 0 '
            'AND rt1_recurrenceRule IS NULL ORDER BY "index"')]
        inbox = await answer(session, "inbox")
        check.same([task["title"] for task in inbox["tasks"]], expected, "inbox")
        check.same(inbox["total"], len(expected))
        check.same(inbox["next_offset"], None)

        for name in LISTS:
            day = DAY if name in ("today", "upcoming") else {}
            whole = await answer(session, name, **day)
            count = await answer(session, "count", list=name, **DAY)
            check.same(whole["total"], count["count"], name)
            paged, offset = [], 0
            while offset is not None:
                part = await answer(session, name, limit=2, offset=offset, **day)
                paged += part["tasks"]
                offset = part["next_offset"]
            check.same(paged, whole["tasks"], f"{name} by pages")

        projects = (await answer(session, "projects"))["tasks"]
        check.true(projects and all(task["kind"] == "project" for task in projects), "projects")
        with_headings = 0
        for project in projects:
            headings = await answer(session, "headings", project=project["id"])
            check.true(all(heading["project"] == project["id"] for heading in headings["tasks"]), "headings")
            with_headings += bool(headings["tasks"])
        check.true(with_headings, "a project has headings")
        areas = (await answer(session, "areas"))["areas"]
        tags = (await answer(session, "tags"))["tags"]
        check.same((len(areas), len(tags)), (4, 6), "areas and tags")
        for tag in tags:
            by_id = await answer(session, "by_tag", tag=tag["id"])
            by_title = await answer(session, "by_tag", tag=tag["title"])
            check.same(by_id, by_title, tag["title"])
        for area in areas:
            by_id = await answer(session, "by_area", area=area["id"])
            check.same(by_id, await answer(session, "by_area", area=area["title"]), area["title"])
        deadlines = (await answer(session, "deadlines"))["tasks"]
        days = [task["deadline"] for task in deadlines]
        check.true(days and days == sorted(days), "deadlines are in order")
        some = (await answer(session, "deadlines", until=days[0]))["tasks"]
        check.same([task["deadline"] for task in some], [day for day in days if day == days[0]])

        everything = (await answer(session, "anytime"))["tasks"] + inbox["tasks"]
        listed = next(task for task in everything if task["checklist_items"])
        details = await answer(session, "task", id=listed["id"])
        check.same(details["task"], listed)
        checklist = await answer(session, "checklist", task=listed["id"])
        check.same(checklist["checklist"], details["checklist"])
        check.same(len(checklist["checklist"]), listed["checklist_items"])
        found = await answer(session, "search", text=listed["title"][:6].upper())
        check.true(listed["id"] in [task["id"] for task in found["tasks"]], "search")
        none = await answer(session, "search", text="%")
        check.true(all("%" in task["title"] + task["notes"] for task in none["tasks"]), "a percent sign is itself")
        check.same((await answer(session, "search", text="🦄🦄"))["tasks"], [])

        missing = await session.call_tool("task", {"id": "no such"})
        check.same((missing.is_error, missing.structured_content["error"]["kind"]), (True, "no-such"))
        missing = await session.call_tool("by_tag", {"tag": "no such"})
        check.same((missing.is_error, missing.structured_content["error"]["kind"]), (True, "no-such"))
        await refused(session.call_tool("burn", {}), -32602, "no tool `burn`")
        await refused(session.call_tool("change_tasks", {"changes": []}), -32602, "no tool")
        await refused(session.call_tool("inbox", {"limit": 0}), -32602, "`limit`")
        await refused(session.call_tool("inbox", {"limit": "5"}), -32602, "`limit`")
        await refused(session.call_tool("inbox", {"offset": -1}), -32602, "`offset`")
        await refused(session.call_tool("today", {"today": "June"}), -32602, "`today`")
        await refused(session.call_tool("search", {}), -32602, "text")
        await refused(session.call_tool("search", {"text": ""}), -32602, "`text`")
        await refused(session.call_tool("areas", {"limit": 1}), -32602, "limit")

        resources = (await session.list_resources()).resources
        check.same(len(resources), len(LISTS) + 3)
        for resource in resources:
            contents = (await session.read_resource(resource.uri)).contents
            check.same((len(contents), contents[0].mime_type), (1, "application/json"), resource.uri)
            read = json.loads(contents[0].text)
            if resource.name not in ("areas", "tags", "today", "upcoming"):
                check.same(read["tasks"], (await answer(session, resource.name))["tasks"], resource.uri)
        templates = (await session.list_resource_templates()).resource_templates
        check.same({template.name for template in templates}, {"list", "task", "project", "area", "tag"})
        contents = (await session.read_resource(f"things:///task/{listed['id']}")).contents
        check.same(json.loads(contents[0].text), details)
        gone = -32602 if session.protocol_version >= "2026-07-28" else -32002
        await refused(session.read_resource("things:///task/nobody"), gone, "no resource")
        await refused(session.read_resource("file:///etc/passwd"), gone, "no resource")

        many = await asyncio.gather(*(session.call_tool("count", {"list": "inbox"}) for _ in range(500)))
        check.same({result.structured_content["count"] for result in many}, {len(expected)}, "500 calls at once")


async def writing(mode):
    async with client(mode, "--allow-writes") as session:
        tools = {tool.name: tool for tool in (await session.list_tools()).tools}
        check.same(tools["change_tasks"].annotations.destructive_hint, True)
        first, second = [task["id"] for task in (await answer(session, "inbox"))["tasks"]][:2]
        before = (await answer(session, "inbox"))["total"]

        wrong = [{"id": first, "change": {"type": "complete"}}, {"id": "nobody", "change": {"type": "trash"}}]
        result = await session.call_tool("change_tasks", {"changes": wrong})
        check.same((result.is_error, result.structured_content["error"]["kind"]), (True, "no-such"))
        check.same((await answer(session, "inbox"))["total"], before, "all or none")

        right = [
            {"id": first, "change": {"type": "complete"}},
            {"id": second, "change": {"type": "schedule", "when": "2024-06-20"}},
            {"id": second, "change": {"type": "deadline", "date": "2024-06-21"}},
        ]
        done = await answer(session, "change_tasks", changes=right, **DAY)
        check.same(done["changes"], 3)
        check.same((await answer(session, "inbox"))["total"], before - 2)
        task = (await answer(session, "task", id=second))["task"]
        check.same((task["start_date"], task["deadline"]), ("2024-06-20", "2024-06-21"))
        check.same((await answer(session, "task", id=first))["task"]["status"], "completed")
        back = [{"id": first, "change": {"type": "reopen"}}, {"id": second, "change": {"type": "move-to-inbox"}},
                {"id": second, "change": {"type": "deadline", "date": None}}]
        await answer(session, "change_tasks", changes=back, **DAY)
        check.same((await answer(session, "inbox"))["total"], before, "undone")
        await refused(session.call_tool("change_tasks", {"changes": [{"id": first, "change": {"type": "burn"}}]}),
                      -32602, "`changes")


async def main():
    try:
        for mode in ("legacy", "auto"):
            await reading(mode)
            await writing(mode)
    finally:
        shutil.rmtree(folder)
    check.report()


asyncio.run(main())
