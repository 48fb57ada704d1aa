"""The books of the sample newsletter: invented ones, each told in its own language."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Book:
    """One book: where it stands in the shop, its language tag, and what is said of it."""

    slug: str
    language: str
    title: str
    author: str
    blurb: str
    button: str
    price: str
    right_to_left: bool = False


BOOKS: Final = (
    Book(
        "salt-roads",
        "en",
        "The Salt Roads Home",
        "Imogen Thackery",
        "Two sisters inherit a ferry that has not left its pier in eleven years. What begins as a"
        " summer of scraping rust becomes a slow argument about who may call a place home. Funny,"
        " exact, and better the second time.",
        "Read the first chapter",
        "£14.99",
    ),
    Book(
        "leuchtturm",
        "de",
        "Die Übersetzerin im Leuchtturm",
        "Jörg Weißmüller",
        "Eine Übersetzerin zieht für ein Jahr in einen stillgelegten Leuchtturm, um endlich fertig"
        " zu werden – und stößt im Dienstbuch auf Einträge, die nicht von einem Wärter stammen"
        " können. Ein stiller, kluger Roman über Genauigkeit und Größe.",
        "Leseprobe öffnen",
        "19,90 €",
    ),
    Book(
        "cahiers",
        "fr",
        "Les cahiers d’été de Noé",
        "Aurélie Bœuf-Garçon",
        "À treize ans, Noé note tout : la hauteur des marées, les disputes de ses parents, le prix"
        " des glaces. Vingt ans plus tard, il rouvre ses cahiers et découvre ce qu’il n’avait pas"
        " su lire. Un récit tendre, à l’écriture limpide.",
        "Feuilleter un extrait",
        "18,50 €",
    ),
    Book(
        "zegar",
        "pl",
        "Zegar na rynku w Łęczycy",
        "Stanisław Żółkiewicz",
        "Zegar staje zawsze o tej samej porze, a zegarmistrz milczy. Młoda dziennikarka przyjeżdża"
        " na trzy dni i zostaje na całą zimę. Powieść o mieście, które umie czekać, i o ludziach,"
        " którzy już nie potrafią.",
        "Przeczytaj fragment",
        "44,90 zł",
    ),
    Book(
        "kun",
        "cs",
        "Žluťoučký kůň a jiné příběhy",
        "Božena Říhová",
        "Dvanáct povídek z podhůří, ve kterých zvířata vědí víc než lidé a nikdo se tomu nediví."
        " Autorka píše úsporně, s humorem a s velkou něhou k věcem, které se už neopravují.",
        "Ukázka z knihy",
        "349 Kč",
    ),
    Book(
        "nisi",
        "el",
        "Το νησί των χαμένων χαρτών",
        "Ελένη Παπαδοπούλου",
        "Ένας χαρτογράφος φτάνει σε ένα νησί που δεν υπάρχει σε κανέναν χάρτη και μένει για να το"
        " σχεδιάσει. Κάθε πρωί, όμως, η ακτή έχει αλλάξει. Ένα μυθιστόρημα για την ακρίβεια, τη"
        " θάλασσα και την υπομονή.",
        "Διαβάστε απόσπασμα",
        "16,60 €",
    ),
    Book(
        "poezd",
        "uk",
        "Потяг о п’ятій ранку",
        "Оксана Ґалаган",
        "У купе нічного потяга четверо незнайомих людей розповідають одну й ту саму історію, і"
        " щоразу вона закінчується інакше. Проста мова, точний слух на діалог і фінал, який"
        " хочеться обговорити з кимось уголос.",
        "Читати уривок",
        "320 ₴",
    ),
    Book(
        "gan",
        "he",
        "הגן שמאחורי התחנה",
        "נעמה בן־דוד",
        "מאחורי תחנת רכבת ישנה מטפחת אישה מבוגרת גן שאיש לא ביקש. כשהעירייה מחליטה לסלול שם חניון,"
        " השכונה כולה לומדת לקרוא בשמם של הצמחים. ספר קטן, חם וחכם.",
        "לקריאת הפרק הראשון",
        "78 ₪",
        right_to_left=True,
    ),
    Book(
        "maktaba",
        "ar",
        "مكتبة على ضفة النهر",
        "ليلى الحداد",
        "تفتح ليلى مكتبة في بيت جدها القديم، ولا يأتي إليها في الشهر الأول سوى طفل واحد يسأل عن"
        " كتاب لا عنوان له. رواية هادئة عن القراءة والجيرة، وعن الوقت الذي تحتاجه الأشياء الجميلة.",
        "اقرأ الفصل الأول",
        "٦٥ ر.س",
        right_to_left=True,
    ),
    Book(
        "daakghar",
        "hi",
        "पहाड़ का आख़िरी डाकघर",
        "मीरा जोशी",
        "बर्फ़ से घिरे एक गाँव में डाकघर बंद होने वाला है, और पोस्टमास्टर के पास एक चिट्ठी बची है जिस पर"
        " कोई पता नहीं। वह उसे पहुँचाने निकलता है। छोटी-छोटी मुलाक़ातों से बुना हुआ एक बड़ा उपन्यास।",
        "पहला अध्याय पढ़ें",
        "₹399",
    ),
    Book(
        "rot-duan",
        "th",
        "ร้านหนังสือปลายคลอง",
        "อรุณี สายชล",
        "ร้านหนังสือเล็ก ๆ ริมคลองเปิดเฉพาะวันที่ฝนตก เจ้าของร้านไม่เคยขายหนังสือเล่มไหนเลย"
        " แต่ลูกค้าทุกคนกลับบ้านพร้อมเรื่องเล่าหนึ่งเรื่อง นวนิยายอบอุ่นที่อ่านจบได้ในบ่ายวันเดียว",
        "อ่านตัวอย่าง",
        "฿290",
    ),
    Book(
        "chaguan",
        "zh-Hans",
        "雨巷里的茶馆",
        "林知秋",
        "一家茶馆，三代人，一本记了六十年的账簿。年轻的会计发现账上每年都多出一笔钱，却没有人愿意解释。"
        "作者用平静的语气写出了一座老城的呼吸，读来像一杯慢慢凉下来的茶。",
        "试读第一章",
        "¥48.00",
    ),
    Book(
        "toshokan",
        "ja",
        "海辺の移動図書館",
        "桜井 みなと",
        "週に一度だけ港に来る移動図書館。返却された本に挟まれていた切符をきっかけに、司書は"
        "持ち主を探し始めます。静かで、少しおかしく、読み終わると誰かに手紙を書きたくなる物語です。",
        "ためし読みをする",
        "1,870円",
    ),
    Book(
        "badasseu",
        "ko",
        "바닷가 우체국의 겨울",
        "한서윤",
        "겨울 동안만 문을 여는 바닷가 우체국에 이름 없는 소포가 하나 도착합니다. 직원은 주소 대신"
        " 냄새와 매듭을 단서로 주인을 찾아 나섭니다. 다정하고 담백한 문장이 오래 남는 소설입니다.",
        "미리 읽어 보기",
        "15,800원",
    ),
)
