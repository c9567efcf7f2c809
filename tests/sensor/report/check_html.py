"""Reads a report page from standard input; says what a browser would load, run or stumble over."""
import html.parser
import sys

VOID = {"meta", "br"}
ALLOWED = {"html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section",
           "div", "h1", "h2", "p", "span", "b", "i", "br", "ul", "li", "table", "thead", "tbody",
           "tr", "th", "td", "details", "summary", "dl", "dt", "dd", "code", "svg", "desc", "text",
           "line", "path", "rect"}
LOADING = {"src", "href", "xlink:href", "srcset", "action", "data", "poster", "background", "style"}


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.faults, self.policy, self.ids = [], [], "", set()

    def handle_starttag(self, tag, attrs):
        if tag not in ALLOWED:
            self.faults.append(f"line {self.getpos()[0]}: <{tag}>")
        for name, value in attrs:
            if name in LOADING or name.startswith("on"):
                self.faults.append(f"line {self.getpos()[0]}: {tag} {name}={value}")
            if name == "id" and value in self.ids:
                self.faults.append(f"id {value} is used twice")
            if name == "id":
                self.ids.add(value)
        if dict(attrs).get("http-equiv") == "Content-Security-Policy":
            self.policy = dict(attrs)["content"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"line {self.getpos()[0]}: </{tag}> where {self.open[-1:]} is open")
        else:
            self.open.pop()


page = Page()
text = sys.stdin.buffer.read().decode("utf-8")  # strictly: anything else is a fault
page.feed(text)
page.close()
if page.open:
    page.faults.append(f"never closed: {page.open}")
if page.policy != "default-src 'none'; style-src 'unsafe-inline'":
    page.faults.append(f"policy is {page.policy!r}")
for word in ("http://", "https://", "url(", "@import"):
    if word in text:
        page.faults.append(f"holds {word}")
for fault in page.faults:
    print(fault)
sys.exit(1 if page.faults else 0)
