import pytest


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("**bold**, __bold__, *really*, ***both*** and ~~gone~~", "bold, bold, really, both and gone"),
        ("# Title\nText", "Title Text"),
        ("### Title", "Title"),
        ("- one\n- [x] two\n  * three\n• four", "one two three four"),
        ("1. Wash\n12) Dry", "1, Wash 12, Dry"),
        ("> a quote", "a quote"),
        ("| a | b |\n|---|---|", "a , b , —, —,"),
        ("call `print` now", "call print now"),
        ("a snake_case name", "a snake_case name"),
        ("[the page](https://example.com/a_b) is here", "the page is here"),
        ("![a cat](cat.png) sleeps", "a cat sleeps"),
        ("see [the notes][1] and [2], [3, 4]", "see the notes and ,"),
        ("<https://example.com> and <b>this</b>", "https://example.com> and this"),
        ("<think>Hm.</think> Yes<br>", "Hm. Yes"),
        ("&lt;tea&gt; &amp; milk&nbsp;too", "<tea> & milk too"),
        ("1 < 2 and R&D; fine", "1 < 2 and R&D; fine"),
        (r"\*not bold\* and a\_b", "not bold and ab"),
        ("3*4 = 12 and 3 * 4", "3×4 = 12 and 3 × 4"),
        ("well - I see, 10 - 3, well-known", "well — I see, 10 - 3, well-known"),
        ("wait -- what---no", "wait — what—no"),
        ("hello~ it is ~5 miles", "hello it is ~5 miles"),
        ("un*believ*able", "unbelievable"),
        ("a line\r\nand another\u2028one", "a line and another one"),
        ("🎉 party 👩‍🚀 time 🏳️‍🌈", "party time"),
        ("Tea™ is 90° hot ♥", "Tea is 90° hot"),
        ("hi :) there ;-) ok :D no <3 ^_^ -_-", "hi there ok no"),
        ("fine (^_^) or (╯°□°)╯ or (◕‿◕)", "fine or or"),
        ("So: (a) this; (b) that :(", "So: (a) this; (b) that"),
        ("at 10:30 on https://a.io/b", "at 10:30 on https://a.io/b"),
        ("the ratio is 3:2 (three to two)", "the ratio is 3:2 (three to two)"),
    ],
)
def test_what_is_written_for_the_eye_is_taken_away(plain, written, left):
    assert plain(written) == left


@pytest.mark.parametrize(
    "code", ["```python\nfor x in *y:\n    print('*hi*')\n```", "``` x = 1 ```", "```\n\n```", "```js\na`b\n```"]
)
def test_code_blocks_are_not_read_out(plain, code):
    assert plain(f"Like so:\n{code}\nThat is all.") == "Like so: That is all."


def test_a_code_block_that_never_ends_is_not_read_out(plain):
    assert plain("Like so:\n```python\nprint(1)\n") == "Like so:"


@pytest.mark.parametrize(
    "text", ["*Good morning", "Good **morning", "Good _morning", "[Good morning", "Good `morning"]
)
def test_a_mark_that_never_closes_costs_no_words(plain, text):
    assert plain(text) == text.strip("[").replace("*", "").replace("_", "").replace("`", "")


def test_a_mark_that_closes_too_far_away_costs_no_words(plain):
    text = "Good morning to you. " * 12
    assert plain(f"*{text}*") == text.strip()


def test_bold_text_goes_on_over_several_sentences(plain):
    assert plain("**One day. Two days.** Three.") == "One day. Two days. Three."
