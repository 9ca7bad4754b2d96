"""`cpc graph`: its data, and the page in a real browser."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from cpc.compiler.cli import run
from cpc.compiler.commands.graph_page import page

Captured = pytest.CaptureFixture[str]

ROOT = Path(__file__).parents[2]
SHOP = (str(ROOT / "examples/shop/policy.cil"), "--inventory")
WORLDS = {
    "shop": (*SHOP, str(ROOT / "examples/shop/inventory.yaml")),
    "starwars": (str(ROOT / "examples/starwars"),),
}


def data_of(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


@pytest.mark.parametrize("name", WORLDS)
def test_pairs_of_workloads_are_what_connectivity_lists(name: str, capsys: Captured) -> None:
    assert run(["graph", *WORLDS[name]]) == 0
    data = data_of(capsys.readouterr().out)
    assert run(["connectivity", *WORLDS[name]]) == 0
    lines = capsys.readouterr().out.splitlines()
    listed = {
        (source, destination): words
        for line in lines
        for source, destination, words in [re.split(" => | : ", line, maxsplit=2)]
        if "[External]" not in line
    }
    names = [node["name"] for node in data["nodes"]]
    inside = {
        (names[source], names[destination]): data["allowed"][allowed]["words"]
        for source, destination, allowed, _, _ in data["cells"]
        if data["nodes"][source]["kind"] == data["nodes"][destination]["kind"] == "workload"
    }
    assert {pair: words for pair, words in inside.items() if words != "No Connections"} == listed
    assert len(inside) > len(listed)


def test_the_same_bytes_again_and_in_a_file(tmp_path: Path, capsys: Captured) -> None:
    assert run(["graph", *WORLDS["shop"]]) == 0
    out = capsys.readouterr().out
    assert run(["graph", *WORLDS["shop"], "-o", str(tmp_path / "page.html")]) == 0
    assert (tmp_path / "page.html").read_text() == out
    assert not re.search(r"(src|href)=|https?://(?!www\.w3\.org/2000/svg)", out)


def test_without_anybody_there_it_says_what_is_missing(capsys: Captured) -> None:
    assert run(["graph", SHOP[0]]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and "--inventory" in captured.err


# --- in a browser ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for word in ("--headless=new", "--no-sandbox", "--window-size=1400,900"):
        options.add_argument(word)
    options.binary_location = "/usr/bin/chromium"
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
    try:
        yield driver
    finally:
        driver.quit()


def complaints(browser: webdriver.Chrome) -> list[Any]:
    """What the browser's console says."""
    return list(browser.execute("getLog", {"type": "browser"})["value"])


def opened(browser: webdriver.Chrome, path: Path, chosen: str = "") -> None:
    browser.get(path.as_uri() + chosen)
    assert complaints(browser) == []


def cell(browser: webdriver.Chrome, source: str, destination: str) -> WebElement:
    return browser.find_element(By.CSS_SELECTOR, f'td[aria-label^="{source} to {destination}:"]')


def rows(browser: webdriver.Chrome) -> list[str]:
    return [e.text for e in browser.find_elements(By.CSS_SELECTOR, "tbody th")]


def typed(browser: webdriver.Chrome, name: str, text: str) -> None:
    box = browser.find_element(By.ID, name)
    box.send_keys(Keys.CONTROL, "a")
    box.send_keys(text or Keys.DELETE)


@pytest.fixture
def shop(browser: webdriver.Chrome, tmp_path: Path) -> webdriver.Chrome:
    assert run(["graph", *WORLDS["shop"], "-o", str(tmp_path / "page.html")]) == 0
    opened(browser, tmp_path / "page.html")
    return browser


def details(browser: webdriver.Chrome) -> str:
    return browser.find_element(By.ID, "details").text


@pytest.mark.browser
def test_a_click_shows_what_decides_and_its_lines(shop: webdriver.Chrome) -> None:
    cell(shop, "orders", "db").click()
    text = details(shop)
    assert "allow TCP 5432 by orders-db" in text and "policy.cil:23" in text
    assert "23 |   allow orders-db: orders -> db postgres" in text
    cell(shop, "db", "web").click()
    assert "default deny egress for orders, db" in details(shop)
    assert complaints(shop) == []


@pytest.mark.browser
def test_every_cell_says_what_the_data_says(shop: webdriver.Chrome) -> None:
    data = data_of(shop.page_source)
    shown = {
        e.get_attribute("aria-label"): (e.get_attribute("class") or "").split()[0]
        for e in shop.find_elements(By.CSS_SELECTOR, "td[data-source]")
    }
    names = [node["name"] for node in data["nodes"]]
    wanted = {
        f"{names[source]} to {names[destination]}: {data['allowed'][allowed]['words']}": allowed
        for source, destination, allowed, _, _ in data["cells"]
    }
    assert shown.keys() == wanted.keys()
    for words, allowed in wanted.items():
        assert (shown[words] == "none") is not data["allowed"][allowed]["some"]
        assert (shown[words] == "all") is words.endswith(": All Connections")


@pytest.mark.browser
def test_filters_hide_what_they_should(shop: webdriver.Chrome) -> None:
    everyone = rows(shop)
    typed(shop, "from", "orders")
    assert rows(shop) == ["orders"]
    typed(shop, "from", "")
    assert rows(shop) == everyone
    typed(shop, "service", "tcp/5432")
    passing = shop.find_elements(By.CSS_SELECTOR, "td.some")
    assert [(e.get_attribute("aria-label") or "").split(":")[0] for e in passing] == [
        "orders to db"
    ]
    typed(shop, "service", "tcp/nothing")
    assert shop.find_element(By.ID, "service").get_attribute("aria-invalid") == "true"
    typed(shop, "service", "")
    shop.find_element(By.ID, "external").click()
    assert rows(shop) == ["db", "orders", "web"]


@pytest.mark.browser
def test_a_link_names_the_cell(browser: webdriver.Chrome, tmp_path: Path) -> None:
    assert run(["graph", *WORLDS["shop"], "-o", str(tmp_path / "page.html")]) == 0
    opened(browser, tmp_path / "page.html", "#from=orders&to=db")
    assert details(browser).startswith("orders → db")
    cell(browser, "web", "orders").click()
    assert browser.current_url.endswith("#from=web&to=orders")


@pytest.mark.browser
def test_keys_move_and_choose(shop: webdriver.Chrome) -> None:
    first = shop.find_element(By.CSS_SELECTOR, 'td[tabindex="0"]')
    first.send_keys(Keys.ARROW_DOWN)
    now = shop.switch_to.active_element
    assert now != first and now.tag_name == "td"
    now.send_keys(Keys.ENTER)
    assert (now.get_attribute("aria-label") or "").split(" to ")[0] in details(shop)


@pytest.mark.browser
def test_the_graph_has_a_line_for_each_pair_that_may_connect(shop: webdriver.Chrome) -> None:
    passing = shop.find_elements(By.CSS_SELECTOR, "td.some, td.all, td.requests")
    wanted = {e.get_attribute("aria-label") for e in passing}
    shop.find_element(By.CSS_SELECTOR, "input[value=graph]").click()
    lines = shop.find_elements(By.CSS_SELECTOR, "path[data-source]")
    assert {e.get_attribute("aria-label") for e in lines} == wanted
    lines[0].send_keys(Keys.ENTER)
    assert "Egress of" in details(shop)


@pytest.mark.browser
def test_text_of_a_policy_runs_nowhere(browser: webdriver.Chrome, tmp_path: Path) -> None:
    evil = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    node = {"kind": "workload", "name": evil}
    statement = {
        **dict.fromkeys(("name", "policy", "doc", "file"), evil),
        "line": 1,
        "lines": [evil, "\u2028 ${1} `"],
    }
    data = {
        "schema": "cpc.graph/1",
        "nodes": [node, node],
        "allowed": [{"words": evil, "some": True, "requests": True, "spans": [[0, 1]]}],
        "sides": [[{"verdict": "redirect", "services": evil, "statement": 0}]],
        "statements": [statement],
        "cells": [[0, 1, 0, 0, -1]],
    }
    path = tmp_path / "page.html"
    path.write_text(page(evil, data), encoding="utf-8")
    opened(browser, path)
    assert browser.title == evil
    browser.find_element(By.CSS_SELECTOR, "td.requests").click()
    assert evil in details(browser)
    assert browser.title == evil and not browser.find_elements(By.TAG_NAME, "img")
    assert complaints(browser) == []
