"""Runs PyGithub through what it is asked to do, and says how each step went, a
line of JSON each. clients_debian_test.go starts it and judges."""

import hashlib
import json
import os
import tempfile

from github import Github, GithubException

BASE = os.environ["BASE"] + "/api/github"
CONTENT = bytes(range(256)) * 1000


def connect(token):
    return Github(token, base_url=BASE, verify=os.environ["CERT"], per_page=2, retry=0)


def expect(what, got, want):
    if got != want:
        raise AssertionError(f"{what} is {got!r}, want {want!r}")


def call(g):
    expect("the name", g.get_repo("octo/hello").full_name, "octo/hello")


def pages(g):
    # The issues are found by the URL that the repository's answer has, the pages
    # by the Link header.
    expect("the number of issues", len(list(g.get_repo("octo/hello").get_issues())), 5)


def upload(g):
    with tempfile.NamedTemporaryFile(suffix=".bin") as f:
        f.write(CONTENT)
        f.flush()
        asset = g.get_repo("octo/hello").get_release("v1").upload_asset(f.name, name="a.bin")
    expect("the digest", asset.label, hashlib.sha256(CONTENT).hexdigest())


def upstream(g):
    g.get_repo("octo/missing")


def writing(g):
    g.get_repo("octo/hello").create_issue("a")


def granting(g):
    g.get_repo("octo/hello").create_key("a", "ssh-ed25519 AAAA")


def step(name, do, token):
    outcome = {}
    try:
        do(connect(token))
    except GithubException as e:
        outcome = {"kind": "GithubException", "status": e.status, "message": e.data["message"]}
    except Exception as e:
        outcome = {"kind": type(e).__name__, "message": str(e)}
    print(json.dumps({"step": name, **outcome}), flush=True)


token, read_only = os.environ["TOKEN"], os.environ["READ_ONLY"]
step("call", call, token)
step("pages", pages, token)
step("upload", upload, token)
step("the API's error", upstream, token)
step("the broker's error", call, token[:-1] + "_")
step("read-only reads", pages, read_only)
step("read-only refuses", writing, read_only)
step("grant refused", granting, token)
step("grant allowed", granting, os.environ["GRANTING"])
