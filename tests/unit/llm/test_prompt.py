from voicemate.llm.base import Message
from voicemate.llm.prompt import Exchange, history_messages, opening_messages
from voicemate.personas.persona import ExampleExchange, Persona

JUNIPER = Persona(
    name="Juniper",
    description="A gardener by the sea. ",
    greeting="Hello, dear!",
    examples=(
        ExampleExchange(user="Who are you?", character="I'm Juniper."),
        ExampleExchange(user="What's the biggest planet?", character="That's Jupiter."),
    ),
)


def test_the_persona_comes_first_and_is_prompted_to_speak_briefly():
    system = opening_messages(JUNIPER)[0]
    assert system.role == "system"
    assert system.content.startswith("You are Juniper. A gardener by the sea.\n")
    assert "one or two short sentences" in system.content


def test_examples_and_greeting_are_exchanges_in_which_the_user_speaks_first():
    assert [message.role for message in opening_messages(JUNIPER)] == ["system", *["user", "assistant"] * 3]
    assert opening_messages(JUNIPER)[-1] == Message("assistant", "Hello, dear!")
    assert opening_messages(JUNIPER)[2] == Message("assistant", "I'm Juniper.")


def test_fewer_examples_keep_the_first_ones_and_the_greeting():
    contents = [message.content for message in opening_messages(JUNIPER, examples=1)]
    assert "I'm Juniper." in contents
    assert "That's Jupiter." not in contents
    assert contents[-1] == "Hello, dear!"


def test_a_persona_without_a_greeting_waits_to_be_spoken_to():
    silent = JUNIPER.model_copy(update={"greeting": "", "examples": ()})
    assert [message.role for message in opening_messages(silent)] == ["system"]


def test_the_prompt_is_in_the_language_of_the_persona():
    xiaoyu = Persona(name="小雨", description="一位图书管理员。", greeting="你好！", language="zh")
    system, hello, greeting = opening_messages(xiaoyu)
    assert "口语" in system.content
    assert (hello.content, greeting.content) == ("你好。", "你好！")


def test_a_language_without_a_text_of_its_own_is_named():
    finn = Persona(name="Aino", description="A sailor.", language="fi")
    assert "always in Finnish" in opening_messages(finn)[0].content


def test_an_unknown_language_is_named_by_its_code():
    assert "code yue" in opening_messages(Persona(name="A", description="B", language="yue"))[0].content


def test_braces_in_a_description_are_just_text():
    persona = Persona(name="Bit", description="Says {hello} and {0} a lot.")
    assert "Says {hello} and {0} a lot." in opening_messages(persona)[0].content


def test_what_was_said_follows_in_order():
    said = [Exchange("Hi.", "Hello."), Exchange("How are you?", "Fine.")]
    assert history_messages(said, "Good.") == [
        Message("user", "Hi."),
        Message("assistant", "Hello."),
        Message("user", "How are you?"),
        Message("assistant", "Fine."),
        Message("user", "Good."),
    ]


def test_an_unheard_reply_is_left_out():
    assert history_messages([Exchange("Hi.", "")], "Are you there?") == [
        Message("user", "Hi."),
        Message("user", "Are you there?"),
    ]


def test_before_the_user_speaks_the_prompt_ends_with_the_reply():
    assert history_messages([Exchange("Hi.", "Hello.")])[-1] == Message("assistant", "Hello.")


def test_the_character_may_speak_of_their_own_accord():
    assert history_messages([Exchange("", "Are you still there?")]) == [Message("assistant", "Are you still there?")]
