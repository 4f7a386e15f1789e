"""Before and after a run of ceph's s3-tests: their configuration, and what they found.

    conformance.py configure SCRATCH              reads ready.json and the tenants' keys, writes s3tests.conf, and
                                                  classes.conf for the tests that want more storage classes
    conformance.py report REVISION SECS RESULTS…  writes docs/conformance/s3.md; fails on a test without a reason
    conformance.py show RESULTS…                  prints what failed

Of several results the last one that has not skipped a test counts.
"""

import json
import pathlib
import re
import sys
import xml.etree.ElementTree as xml

HERE = pathlib.Path(__file__).parent
# The run's region, which is not S3's first one: of that one buckets do not speak.
REGION = "eu-central-1"
REPORT = HERE.parent.parent / "docs/conformance/s3.md"


def configure(scratch):
    scratch = pathlib.Path(scratch)
    ready = json.loads((scratch / "ready.json").read_text())
    host, port = ready["objects"].rsplit(":", 1)
    tenants = {name: json.loads((scratch / (name + ".json")).read_text()) for name in ["alt", "testx", "iam", "root2"]}
    tenants["main"] = dict(ready["admin_key"], tenant="main")
    sections = {"s3 main": "main", "s3 alt": "alt", "s3 tenant": "testx", "iam": "iam", "iam root": "main", "iam alt root": "root2"}
    lines = ["[DEFAULT]", "host = " + host, "port = " + port, "is_secure = False", "ssl_verify = False"]
    lines += ["[fixtures]", "bucket prefix = doorstep-{random}-"]
    for section, tenant in sections.items():
        key = tenants[tenant]
        lines += ["[%s]" % section, "display_name = " + tenant, "user_id = " + tenant, "email = %s@example.com" % tenant]
        lines += ["access_key = " + key["access"], "secret_key = " + key["secret"]]
        if section == "s3 main":
            lines += ["api_name = " + REGION, "lc_debug_interval = 10"]
        if section == "s3 tenant":
            lines += ["tenant = testx"]
    text = "\n".join(lines) + "\n"
    (scratch / "s3tests.conf").write_text(text)
    (scratch / "classes.conf").write_text(text.replace("api_name =", "storage_classes = STANDARD_IA, GLACIER\napi_name ="))


def results(paths):
    """{test: (outcome, words)}."""
    found = {}
    for path in paths:
        for name, outcome in one_run(path).items():
            if name not in found or outcome[0] != "skipped":
                found[name] = outcome
    return found


def one_run(path):
    """The worst of each test's set-up, call and clean-up."""
    worst = ["passed", "skipped", "failed"]
    found = {}
    for case in xml.parse(path).getroot().iter("testcase"):
        outcome, words = "passed", ""
        for child in case:
            if child.tag in ("failure", "error"):
                outcome, words = "failed", (child.get("message") or "") + "\n" + (child.text or "")
            elif child.tag == "skipped" and outcome == "passed":
                outcome, words = "skipped", child.get("message") or ""
        name = case.get("name")
        if name not in found or worst.index(outcome) > worst.index(found[name][0]):
            found[name] = (outcome, words)
    return found


def reasons():
    """[(pattern of a test's name, reason)] in the order of the file; `#` begins a reason's heading."""
    pairs, reason = [], None
    for line in (HERE / "conformance-reasons.txt").read_text().splitlines():
        if line.startswith("# "):
            reason = line[2:].strip()
        elif line.strip():
            pairs.append((re.compile(line.strip() + r"(\[.*\])?$"), reason))
    return pairs


def last_line(words):
    lines = [line[1:].strip() for line in words.splitlines() if line.startswith("E ")]
    return lines[0] if lines else words.strip().splitlines()[0] if words.strip() else ""


def show(*paths):
    found = results(paths)
    for name, (outcome, words) in sorted(found.items()):
        if outcome != "passed":
            print("%-8s %s: %s" % (outcome, name, last_line(words)[:220]))
    print({o: sum(1 for x, _ in found.values() if x == o) for o in ["passed", "skipped", "failed"]})


def report(revision, seconds, *paths):
    found, known = results(paths), reasons()
    why, bare = {}, []
    for name, (outcome, words) in sorted(found.items()):
        if outcome == "passed":
            continue
        reason = next((reason for pattern, reason in known if pattern.match(name)), None)
        if reason is None:
            bare.append((name, last_line(words)))
        else:
            why.setdefault(reason, []).append(name)
    passed = sum(1 for outcome, _ in found.values() if outcome == "passed")
    text = ["# S3: what ceph's s3-tests say", ""]
    text += ["`make conformance S3_TESTS=<checkout>` runs `test_s3.py` of [ceph/s3-tests](https://github.com/ceph/s3-tests)"]
    text[-1] += " against the binary and writes this page. Nothing is left out of the run: each test that does not pass stands here with its reason."
    text += ["", "**%d of %d pass** (revision %s, %s s, SQLite and a local disk)." % (passed, len(found), revision, seconds), ""]
    for reason in dict.fromkeys(reason for _, reason in known):
        names = why.get(reason, [])
        if names:
            text += ["## %s (%d)" % (reason.split(":")[0], len(names)), ""]
            text += [reason.split(":", 1)[1].strip(), ""] if ":" in reason else []
            text += ["- `%s`" % name for name in names] + [""]
    if bare:
        text += ["## Not explained (%d)" % len(bare), ""] + ["- `%s`" % name for name, _ in bare] + [""]
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text("\n".join(text).rstrip() + "\n")
    print("%d of %d pass; %s is written" % (passed, len(found), REPORT.relative_to(HERE.parent.parent)))
    for name, words in bare:
        print("without a reason: %s: %s" % (name, words[:200]))
    sys.exit(1 if bare else 0)


if __name__ == "__main__":
    {"configure": configure, "report": report, "show": show}[sys.argv[1]](*sys.argv[2:])
