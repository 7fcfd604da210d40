"""What a narrative may bring into a letter."""

import pytest

from fhir_server.letters.narasi import narasi


@pytest.mark.parametrize(
    ("div", "shown"),
    [
        ("<div>TD <b>150/95</b></div>", "TD <b>150/95</b>"),
        ("<p>a &lt; b &amp; c</p>", "<p>a &lt; b &amp; c</p>"),
        ('<p style="x" onclick="y()" class="z">a</p>', "<p>a</p>"),
        ("<script>alert(1)</script>aman", "aman"),
        ("<style>p{}</style><p>a", "<p>a</p>"),
        ('<img src="http://jahat.example/x.png"/>a<br/>b', "a<br>b"),
        ('<a href="javascript:x">klik</a>', "klik"),
        ("<table><tr><td>1</td></tr></table>", "<table><tr><td>1</td></tr></table>"),
        ("<ul><li>a<li>b</ul></p>c", "<ul><li>a<li>b</li></li></ul>c"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("", ""),
    ],
)
def test_only_plain_tags_without_attributes(div, shown):
    assert narasi(div) == shown
