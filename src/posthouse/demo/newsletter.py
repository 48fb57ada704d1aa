"""The sample newsletter of the demo: a bookshop's autumn letter, written for Posthouse."""

from collections.abc import Iterable
from html import escape
from typing import Final

from posthouse.demo.books import BOOKS, Book

SUBJECT: Final = 'Autumn at Harbour Books 📚 fourteen stories for {{ first_name | default: "you" }}'
PREHEADER: Final = (
    'Readings near {{ city | default: "the harbour" }}, and a chapter in every script.'
)

_FONT: Final = "font-family:Georgia,'Times New Roman',serif;"
_SANS: Final = "font-family:Arial,Helvetica,sans-serif;"
_BODY: Final = f"{_FONT}font-size:17px;line-height:27px;color:#2b2622;"

_DATA_TABLE: Final = '<table class="ink" width="100%" cellpadding="0" cellspacing="0">\n'
_TABLE: Final = (
    '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">\n'
)

_HEAD: Final = """<!doctype html>
<html lang="en" xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>Autumn at Harbour Books</title>
<style>
  :root { color-scheme: light dark; supported-color-schemes: light dark; }
  body { margin: 0; padding: 0; width: 100%; background-color: #f3eee6; }
  img { border: 0; display: block; height: auto; line-height: 100%; max-width: 100%; }
  table { border-collapse: collapse; }
  a { color: #0f5a6b; }
  @media screen and (max-width: 620px) {
    .column { display: block !important; width: 100% !important; }
    .cover { margin: 0 auto 16px auto !important; }
    .pad { padding-left: 20px !important; padding-right: 20px !important; }
  }
  @media (prefers-color-scheme: dark) {
    body, .page { background-color: #14181b !important; }
    .card { background-color: #1e2429 !important; border-color: #33404a !important; }
    .ink, .ink td, .ink th { color: #e8e3da !important; }
    .quiet { color: #a9b2b8 !important; }
    a { color: #7fd0e3 !important; }
    .button { background-color: #7fd0e3 !important; color: #10252b !important; }
  }
</style>
</head>
<body class="page" style="margin:0;padding:0;background-color:#f3eee6;">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" class="page"
 style="background-color:#f3eee6;">
<tr><td align="center" style="padding:24px 12px;">
<table role="presentation" width="600" cellpadding="0" cellspacing="0" border="0"
 style="width:100%;max-width:600px;">
"""

_LETTER: Final = """\
The days are drawing in, the harbour smells of rope and rain, and the shop is at its best: lamps on
by four, the kettle never quite cold. We have spent the summer reading, and this letter is what is
left after a good deal of quarrelling.

This year we asked our translators to each choose one book, and to tell us about it in the language
in which they dream. So this letter speaks fourteen languages. You do not have to understand them
all; we don't either.

Below the books you will find the readings of the season. They are free, there is soup, and the back
row is reserved for people who arrive late."""

_READINGS: Final = (
    ("3 November", "London", "Imogen Thackery reads from “The Salt Roads Home”", "19:00"),
    ("9 November", "Köln", "Jörg Weißmüller im Gespräch über Genauigkeit", "20:00"),
    ("14 November", "Łódź", "Wieczór z tłumaczami: od zegara do powieści", "18:30"),
    ("18 November", "Αθήνα", "Χάρτες και μυθιστορήματα: μια βραδιά στο λιμάνι", "20:30"),
    ("24 November", "京都", "移動図書館の夜：桜井みなと朗読会", "17:00"),
    ("1 December", "תל אביב", "ערב קריאה בגן שמאחורי התחנה", "19:30"),
)

_HOURS: Final = (
    ("Monday to Friday", "10:00 to 18:30"),
    ("Saturday", "9:30 to 17:00"),
    ("Sunday", "closed, but look through the window"),
)


def _row(content: str, *, css: str = "padding:0 0 18px 0;") -> str:
    return f'<tr><td class="card ink" style="{css}">\n{content}\n</td></tr>\n'


def _paragraph(text: str, *, css: str = "") -> str:
    return f'<p class="ink" style="margin:0 0 18px 0;{_BODY}{css}">{text}</p>\n'


def _banner() -> str:
    return _row(
        '<a href="https://books.example.com/?from=autumn">'
        '<img src="https://images.example.com/harbour/lighthouse-1200.jpg" width="600" height="260"'
        ' alt="Harbour Books: the lighthouse in the evening"'
        f' style="width:100%;{_FONT}font-size:24px;text-align:center;color:#f3eee6;"></a>',
        css="padding:0;background-color:#0f3b46;",
    )


def _greeting() -> str:
    hello = _paragraph(
        'Dear {{ first_name | default: "reader" }},', css="font-size:21px;font-weight:bold;"
    )
    letter = "".join(_paragraph(text) for text in _LETTER.split("\n\n"))
    plan = _paragraph(
        'You are with us on the <b>{{ plan | default: "reader" | capitalize }}</b> card; every book'
        ' below is put aside for you in {{ city | default: "our shop" }} until the end of the month'
        ' if you <a href="https://books.example.com/aside?reader={{ email }}">tell us so</a>.'
    )
    return _row(hello + letter + plan, css="padding:32px 40px 14px 40px;background-color:#ffffff;")


def _book(book: Book) -> str:
    direction = "rtl" if book.right_to_left else "ltr"
    align = "right" if book.right_to_left else "left"
    link = f"https://books.example.com/{book.language}/{book.slug}"
    said = f'lang="{book.language}" dir="{direction}"'
    return _row(
        f"{_TABLE}<tr>\n"
        '<td class="column" width="170" valign="top" style="width:170px;padding:0 0 12px 0;">\n'
        f'<a href="{link}"><img class="cover" width="150" height="225"'
        f' style="width:150px;border:1px solid #d9cfbf;{_FONT}font-size:15px;color:#0f5a6b;"'
        f' src="https://images.example.com/covers/{book.slug}-300.jpg"'
        f' alt="{escape(book.title)}"></a>\n</td>\n'
        f'<td class="column ink" valign="top" {said} style="text-align:{align};{_BODY}">\n'
        f'<h2 style="margin:0 0 4px 0;{_FONT}font-size:22px;line-height:28px;font-weight:bold;">'
        f"{escape(book.title)}</h2>\n"
        f'<p class="quiet" style="margin:0 0 12px 0;{_SANS}font-size:13px;line-height:20px;'
        f'color:#6f665b;letter-spacing:0.4px;">{escape(book.author)} · {escape(book.price)}</p>\n'
        f'<p style="margin:0 0 16px 0;{_BODY}">{escape(book.blurb)}</p>\n'
        '<table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr>'
        '<td class="button" style="background-color:#0f5a6b;border-radius:4px;">'
        f'<a class="button" href="{link}" style="display:inline-block;padding:11px 22px;{_SANS}'
        "font-size:15px;line-height:20px;font-weight:bold;color:#ffffff;text-decoration:none;"
        f'border-radius:4px;">{escape(book.button)}</a></td></tr></table>\n</td>\n</tr>\n</table>',
        css="padding:24px 40px;background-color:#ffffff;border-top:1px solid #e6ddcf;",
    )


def _cells(tag: str, values: Iterable[str]) -> str:
    css = "padding:9px 8px;border-bottom:1px solid #e6ddcf;text-align:start;vertical-align:top;"
    font = f"{_SANS}font-size:15px;line-height:21px;color:#2b2622;"
    return "".join(f'<{tag} style="{css}{font}">{escape(value)}</{tag}>' for value in values)


def _readings() -> str:
    rows = "".join(f"<tr>{_cells('td', reading)}</tr>\n" for reading in _READINGS)
    head = f"<tr>{_cells('th', ('When', 'Where', 'What', 'Doors'))}</tr>\n"
    title = _paragraph("Readings of the season", css="font-size:22px;font-weight:bold;")
    link = _paragraph(
        "Seats are kept for ten minutes."
        ' <a href="https://books.example.com/readings?near={{ city }}">'
        'What is on near {{ city | default: "you" }}</a> · '
        '<a href="https://books.example.com/readings.ics">add all to your calendar</a>',
        css="padding-top:14px;",
    )
    table = (
        f'<table class="ink" width="100%" cellpadding="0" cellspacing="0">\n{head}{rows}</table>\n'
    )
    return _row(title + table + link, css="padding:28px 40px;background-color:#fbf7f0;")


def _hours() -> str:
    rows = "".join(f"<tr>{_cells('td', day)}</tr>\n" for day in _HOURS)
    return _row(
        _paragraph("When the lamps are on", css="font-size:22px;font-weight:bold;")
        + f"{_DATA_TABLE}{rows}</table>\n"
        + _paragraph(
            '<a href="https://books.example.com/find-us">Find us</a> · '
            '<a href="https://books.example.com/gift-cards">Gift cards</a> · '
            '<a href="mailto:shop@books.example.com">Write to the shop</a>',
            css="padding-top:14px;",
        ),
        css="padding:28px 40px;background-color:#ffffff;border-top:1px solid #e6ddcf;",
    )


def _footer() -> str:
    small = f"margin:0 0 10px 0;{_SANS}font-size:12px;line-height:18px;color:#6f665b;"
    leave = "https://books.example.com/letters/leave?address={{ email }}"
    return (
        '<tr><td class="pad" align="center" style="padding:24px 40px;">\n'
        f'<p class="quiet" style="{small}">You get this letter at {{{{ email }}}} because you asked'
        " for it in the shop or on our pages. Four letters a year, no more.</p>\n"
        f'<p class="quiet" style="{small}"><a href="{leave}">Unsubscribe</a> · '
        '<a href="https://books.example.com/letters/autumn">Read in the browser</a> · '
        '<a href="https://books.example.com/privacy">How we treat your data</a></p>\n'
        f'<p class="quiet" style="{small}">Harbour Books, 7 Quay Street, Saltmouth SM1 4QX</p>\n'
        "</td></tr>\n</table>\n</td></tr>\n</table>\n</body>\n</html>\n"
    )


HTML: Final = "".join(
    (_HEAD, _banner(), _greeting(), *map(_book, BOOKS), _readings(), _hours(), _footer())
)
