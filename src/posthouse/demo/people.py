"""Names and places of invented people, by language, for sample subscribers."""

from typing import Final

# First names, last names, cities; each word is common and belongs to nobody in particular.
PEOPLE: Final[tuple[tuple[str, str, str], ...]] = (
    ("Emma Oliver Amelia Noah Isla", "Turner Bell O’Brien Hughes", "London Leeds Bath"),
    ("Jürgen Käthe Björn Mäx Grit", "Müller Weiß Groß Köhler Jäger", "Köln München Gießen"),
    ("Zoé François Agnès Loïc Chloé", "Lefèvre Garçon Bérenger Noël", "Orléans Nîmes Lyon"),
    ("Łukasz Małgorzata Zbigniew Ewa", "Wójcik Żółkiewicz Gąska Święch", "Łódź Kraków Gdańsk"),
    ("Žofie Jiří Řehoř Kateřina", "Dvořák Říhová Čermák Šťastná", "Brno Plzeň Hradec Kladno"),
    ("İbrahim Ayşe Çağla Özgür", "Yılmaz Şahin Öztürk Güneş", "İstanbul İzmir Eskişehir Muğla"),
    ("Nguyễn Thảo Hương Đức", "Trần Phạm Vũ Đặng", "Huế Cần_Thơ Đà_Nẵng Vinh"),
    ("Иван Ольга Оксана Юрий Ђорђе", "Соколова Шевченко Петровић Ёлкин", "Київ Београд София"),
    ("Ελένη Γιώργος Άννα Νίκος", "Παπαδοπούλου Δημητρίου Ιωάννου", "Αθήνα Θεσσαλονίκη Πάτρα Χανιά"),
    ("ليلى يوسف مريم خالد", "الحداد النجار حسن عباس", "القاهرة بيروت عمّان تونس"),
    ("נעמה יוסף תמר אורי", "כהן לוי מזרחי פרץ", "חיפה יפו אילת עכו"),
    ("मीरा अर्जुन प्रिया कबीर", "जोशी शर्मा पटेल गुप्ता", "पुणे जयपुर दिल्ली इंदौर"),
    ("อรุณี สมชาย มาลี ณัฐ", "สายชล ใจดี วงศ์ไทย แสงทอง", "กรุงเทพ เชียงใหม่ ตรัง น่าน"),
    ("伟 秀英 知秋 明", "林 王 欧阳 陈", "上海 成都 杭州 苏州"),
    ("みなと さくら 翔太 結衣", "桜井 佐藤 渡邊 高橋", "京都 札幌 那覇 神戸"),
    ("서윤 민준 지우 하은", "한 김 이 박", "서울 부산 제주 전주"),
    ("Zoë🌸 Max🚀 Lou👩‍👧 Kim🏳️‍🌈", "Sunny☀️ Fox🦊 Day Rain", "Utrecht Gent Antwerpen Breda"),
)  # fmt: skip

# Values that a careless reader of CSV or writer of headers would trip over.
AWKWARD: Final = (
    ('Anna "Annie"', "Smith, Jr."),
    ("D'Arcy", 'van der "Berg"'),
    ("=SUM(A1)", "+44 Smith"),
    ("<b>Bold</b>", "& Sons"),
    ("{{ first_name }}", "{% raw %}"),
    ("=?utf-8?q?Bcc=3A?=", "x@example.org"),
    ("", ""),
    ("", "Nameless"),
    ("A" * 120, "Longlast"),
    ("two\nlines", "Crlf"),
)

# What stands in the address column of a row that no import can take.
BAD_ADDRESSES: Final = (
    "anna.example.com",
    "anna@@example.com",
    "anna@bell@example.com",
    "",
    "an\x07na@example.com",
    "anna bell@example.com",
    ".anna@example.com",
    "anna@example",
    "anna@-example.com",
    "anna@example.com>",
    "änna@example.com",
    "anna@printer.local",
)
