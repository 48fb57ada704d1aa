"""The pages of the sink's inbox as HTML, with everything from messages escaped."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from urllib.parse import urlencode

from posthouse.demo.letters import Letter
from posthouse.demo.record import StoredMessage

STYLE = """
:root { color-scheme: light dark; --line: #8884; --accent: #0b6bcb; }
@media (prefers-color-scheme: dark) { :root { --accent: #6cb2ff; } }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1rem;
  overflow-wrap: anywhere; }
a { color: var(--accent); }
h1 { font-size: 1.3rem; margin: 0 0 .5rem; }
form { display: flex; gap: .5rem; margin: 0 0 1rem; }
input { flex: 1; min-width: 0; font: inherit; padding: .35rem .5rem; }
button { font: inherit; padding: .35rem .8rem; }
ul.list { list-style: none; margin: 0; padding: 0; border-top: 1px solid var(--line); }
ul.list li { border-bottom: 1px solid var(--line); padding: .5rem 0; display: grid;
  grid-template-columns: 14rem 1fr auto; gap: 0 1rem; }
ul.list span, ul.list a { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.quiet { opacity: .75; font-size: .9rem; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th { text-align: left; width: 12rem; vertical-align: top; font-weight: 600; }
td, th { padding: .15rem .5rem .15rem 0; }
pre { white-space: pre-wrap; border: 1px solid var(--line);
  padding: .75rem; border-radius: .4rem; }
iframe { width: 100%; height: 70vh; border: 1px solid var(--line); border-radius: .4rem;
  background: #fff; color-scheme: light; }
nav { margin: 1rem 0; display: flex; gap: 1rem; flex-wrap: wrap; }
@media (max-width: 40rem) {
  ul.list li { grid-template-columns: 1fr; }
  table, tbody, tr, th, td { display: block; width: auto; }
}
"""

PER_PAGE = 50

_HEAD_TAG = re.compile(r"<head(?:\s[^>]*)?>", re.IGNORECASE)


def listing(
    rows: Sequence[tuple[int, StoredMessage, str]], *, query: str, page: int, found: int, total: int
) -> str:
    """`rows` are number, message, subject; newest first."""
    items = "".join(_row(*row) for row in rows)
    count = f"{found:,} of {total:,} messages" if query else f"{total:,} messages"
    if rows:
        body = f'<ul class="list">{items}</ul>'
    elif query:
        body = "<p>No message fits. Look for a part of an address or of a subject.</p>"
    else:
        body = "<p>Nothing has arrived yet. Messages show up here as soon as an engine sends.</p>"
    return _page(
        "Inbox",
        f"<h1>Inbox of the demo</h1>"
        f'<form method="get" action="/" role="search"><input type="search" name="q" '
        f'aria-label="Search addresses and subjects" placeholder="Address or subject" '
        f'value="{escape(query)}"><button>Search</button></form>'
        f'<p class="quiet">{count}</p>{body}{_paging(query, page, found)}',
    )


def _row(number: int, message: StoredMessage, subject: str) -> str:
    return (
        f"<li><span>{escape(message.recipient)}</span>"
        f'<a href="/message/{number}">{escape(subject or "(no subject)")}</a>'
        f'<span class="quiet">{_when(message)}</span></li>'
    )


def _paging(query: str, page: int, found: int) -> str:
    links = []
    if page > 1:
        links.append(f'<a href="{_link(query, page - 1)}">Newer</a>')
    if page * PER_PAGE < found:
        links.append(f'<a href="{_link(query, page + 1)}">Older</a>')
    return f'<nav aria-label="Pages">{"".join(links)}</nav>' if links else ""


def _link(query: str, page: int) -> str:
    return escape("/?" + urlencode({"q": query, "page": page} if query else {"page": page}))


def message_page(number: int, message: StoredMessage, letter: Letter) -> str:
    named = {name.lower(): value for name, value in reversed(letter.headers)}
    subject = named.get("subject") or "(no subject)"
    source = f'<a href="/message/{number}/source">Source</a>'
    path = f"{escape(message.mail_from) or '&lt;&gt;'} to {escape(message.recipient)}"
    parts = [
        f'<nav aria-label="This message"><a href="/">Inbox</a>{source}</nav>',
        f"<h1>{escape(subject)}</h1>",
        f"<p>Envelope: {path}, {_when(message)}, {len(message.content):,} octets</p>",
    ]
    if letter.html:
        parts.append(
            "<h2>HTML</h2><p class='quiet'>Pictures from other hosts are not loaded.</p>"
            f'<iframe title="HTML part" sandbox="allow-popups allow-popups-to-escape-sandbox" '
            f'src="/message/{number}/html"></iframe>'
        )
    if letter.text:
        parts.append(f"<h2>Text</h2><pre>{escape(letter.text)}</pre>")
    if letter.attachments:
        names = "".join(f"<li>{escape(name)}</li>" for name in letter.attachments)
        parts.append(f"<h2>Attachments</h2><ul>{names}</ul>")
    parts.append(_headers(letter))
    return _page(subject, "".join(parts))


def _headers(letter: Letter) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'
        for name, value in letter.headers
    )
    return f"<h2>Headers</h2><table><tbody>{rows}</tbody></table>"


def framed(html: str) -> str:
    """The message's own HTML for the sandboxed frame; its links open in a new tab."""
    base = '<base target="_blank">'
    return (
        _HEAD_TAG.sub(lambda tag: tag[0] + base, html, count=1)
        if _HEAD_TAG.search(html)
        else base + html
    )


def error_page(title: str, words: str) -> str:
    return _page(title, f'<h1>{escape(title)}</h1><p>{escape(words)} <a href="/">Inbox</a></p>')


def _when(message: StoredMessage) -> str:
    return datetime.fromtimestamp(message.received_at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>"
        '<link rel="stylesheet" href="/inbox.css"></head>'
        f"<body><main>{body}</main></body></html>"
    )
