import pytest
from hypothesis import given
from hypothesis import strategies as st


def check(read_out, written: str, spoken: str) -> None:
    assert read_out(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("I have 2 cats", "I have two cats"),
        ("12 eggs and 101 dogs", "twelve eggs and one hundred and one dogs"),
        ("1,234,567", "one million two hundred and thirty-four thousand five hundred and sixty-seven"),
        ("3.14", "three point one four"),
        ("0.5", "zero point five"),
        ("it is -5 outside", "it is minus five outside"),
        ("an MP3 in 3D, H2O, COVID-19", "an MP three in three D, H two O, COVID nineteen"),
        ("agent 007", "agent zero zero seven"),
        ("1234567890123", "one two three four five six seven eight nine zero one two three"),
        ("3-5 people", "three to five people"),
        ("10–20 pages", "ten to twenty pages"),
        ("version 3.11.2", "version three point eleven point two"),
        ("we won 3:2", "we won three to two"),
        ("10k people and 5M more", "ten thousand people and five million more"),
        ("2x faster, 3 x 4", "two times faster, three by four"),
        ("3×4 = 12", "three times four equals twelve"),
        ("10 - 3 = 7", "ten minus three equals seven"),
        ("x^2 and y²", "x to the power of two and y squared"),
        ("a 10-minute walk", "a ten minute walk"),
        ("the 1st, 22nd and 1,000th time", "the first, twenty-second and one thousandth time"),
        ("1/2 or 3/4 of it", "one half or three quarters of it"),
        ("1 1/2 cups, 2½ cups", "one and a half cups, two and a half cups"),
        ("open 24/7, 50/50, 22/7", "open twenty-four seven, fifty fifty, twenty-two over seven"),
        ("#1 and no. 5 on p. 12", "number one and number five on page twelve"),
        ("~5 of them", "about five of them"),
    ],
)
def test_numbers(read_out, written, spoken):
    check(read_out, written, spoken)


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("5 km", "five kilometers"),
        ("1 km", "one kilometer"),
        ("2.5 kg", "two point five kilograms"),
        ("60 km/h", "sixty kilometers per hour"),
        ("3-5 km/h", "three to five kilometers per hour"),
        ("100 mph, 5 m/s", "one hundred miles per hour, five meters per second"),
        ("10 m², 3 m3", "ten square meters, three cubic meters"),
        ("1 ft, 6 ft, 5'11\"", "one foot, six feet, five foot eleven"),
        ("a 5-km run", "a five kilometer run"),
        ("500ml", "five hundred milliliters"),
        ("16 GB at 3 GHz", "sixteen gigabytes at three gigahertz"),
        ("20°C, 70 °F, 90°", "twenty degrees Celsius, seventy degrees Fahrenheit, ninety degrees"),
        ("-5°C, 15-20 °C, 1 °C", "minus five degrees Celsius, fifteen to twenty degrees Celsius, one degree Celsius"),
        ("20℃, ½ cup", "twenty degrees Celsius, a half cup"),
        ("5%, 3-5%, 2.5 %", "five percent, three to five percent, two point five percent"),
        ("$5, $1, $7.00", "five dollars, one dollar, seven dollars"),
        ("$5.50, $0.99", "five dollars and fifty cents, ninety-nine cents"),
        ("$3.5 million, $10k", "three point five million dollars, ten thousand dollars"),
        ("-$5", "minus five dollars"),
        ("£1,200", "one thousand two hundred pounds"),
        ("€20, 20€, 20 EUR, ¥500", "twenty euros, twenty euros, twenty euros, five hundred yen"),
        ("£2.50, $5-10", "two pounds and fifty pence, five to ten dollars"),
    ],
)
def test_measures_and_money(read_out, written, spoken):
    check(read_out, written, spoken)


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("at 10:30", "at ten thirty"),
        ("at 10:05 and 12:00", "at ten oh five and twelve o'clock"),
        ("14:00, 14:30", "fourteen hundred, fourteen thirty"),
        ("10:30 am, 10 PM", "ten thirty a.m., ten p.m."),
        ("5pm, 5 p.m. and so on", "five p.m., five p.m. and so on"),
        ("00:15", "twelve fifteen a.m."),
        ("from 9:00-17:30", "from nine o'clock to seventeen thirty"),
        ("9am-5pm", "nine a.m. to five p.m."),
        ("March 5, 2024", "March fifth, twenty twenty-four"),
        ("March 5th, Mar. 5, Sept 30", "March fifth, March fifth, September thirtieth"),
        ("on 5 March, the 5th of March 2024", "on the fifth of March, the fifth of March, twenty twenty-four"),
        ("2024-03-05", "March fifth, twenty twenty-four"),
        ("3/5/2024", "three, five, twenty twenty-four"),
        (
            "in 1984, 1905, 2000, 2005",
            "in nineteen eighty-four, nineteen oh-five, two thousand, two thousand and five",
        ),
        ("the 1980s and '90s", "the nineteen eighties and nineties"),
        ("1939–1945", "nineteen thirty-nine to nineteen forty-five"),
        ("March 2024", "March twenty twenty-four"),
    ],
)
def test_dates_and_times(read_out, written, spoken):
    check(read_out, written, spoken)


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Dr. Smith and Mrs. May", "Doctor Smith and Missus May"),
        ("cats vs. dogs, etc.", "cats versus dogs, et cetera"),
        ("fruit, e.g. apples, i.e. food", "fruit, for example apples, that is food"),
        ("St. Anne on Main St.", "Saint Anne on Main Street"),
        ("J. R. R. Tolkien", "J R R Tolkien"),
        ("the U.S. and the U.S.A.", "the US and the USA"),
        ("a Ph.D. at NASA", "a PhD at NASA"),
        ("rock & roll @ home", "rock and roll at home"),
        ("C# and F#", "C sharp and F sharp"),
        ("and/or, he/she, w/o it", "and or, he or she, without it"),
        ("see https://www.example.com/docs?x=1.", "see example dot com slash docs."),
        ("at www.example.org or example.io!", "at example dot org or example dot io!"),
        ("https://example.com/a/very/long/path/that/nobody/remembers", "example dot com"),
        ("write to me_too@mail.example.org.", "write to me underscore too at mail dot example dot org."),
        ("@bob says #hello", "at bob says hashtag hello"),
        ("call 555-1234", "call five five five, one two three four"),
        ("(555) 123-4567", "five five five, one two three, four five six seven"),
        ("+1 555 123 4567", "plus one, five five five, one two three, four five six seven"),
    ],
)
def test_abbreviations_signs_and_addresses(read_out, written, spoken):
    check(read_out, written, spoken)


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Well… maybe — yes (no).", "Well, maybe, yes, no."),
        ("“Quoted,” she said. ‘Tis fine.", "Quoted, she said. Tis fine."),
        ("It's the dogs' bone", "It's the dogs bone"),
        ("Really?! No!!!", "Really? No!"),
        ("sooooo good, hmmmmm", "soo good, hmm"),
        ("snake_case", "snake case"),
        ("NASA and the BBC", "NASA and the BBC"),
        ("well-known", "well-known"),
        ("naïve café", "naïve café"),
        ("", ""),
        ("…", ""),
    ],
)
def test_words_and_punctuation(read_out, written, spoken):
    check(read_out, written, spoken)


@given(number=st.integers(0, 10**12))
def test_no_digit_is_left_of_a_number(read_out, number):
    for written in (
        f"{number}",
        f"{number:,}",
        f"${number}",
        f"{number}%",
        f"{number}.5 km",
        f"{number}-{number + 1}",
    ):
        spoken = read_out(f"about {written} of it")
        assert not any(map(str.isdigit, spoken))
        assert spoken.startswith("about ")
        assert spoken.endswith(" of it")
