"""Word lists for the rules of text to speech."""


def _list(words: str) -> frozenset[str]:
    return frozenset(words.split())


ACTING_VERBS = _list("""
    smile laugh chuckle giggle grin smirk snicker snort sigh nod wink blink shrug blush gasp groan moan whisper murmur
    mutter yawn sob weep sniff sniffle hum clap wave bow hug pat poke pout purr beam frown wince gulp whistle cough
    swallow shiver tremble stammer glance gaze squint stretch twirl applaud facepalm
""")
"""Verbs of stage directions that are rare as emphasis or in an aside."""
EVERYDAY_VERBS = _list("""
    look lean tilt pause stare gesture point take turn shake scratch roll clear adjust sip pour wipe sit stand walk
    stroke tap sing put set pick pull place reach raise lift lower rest fold cross close open think listen watch hold
    hand offer step move cock furrow rub brush tuck settle straighten thumb flip peer breathe inhale exhale
""")
"""Verbs of stage directions that are as common in speech."""
STAGE_SOUNDS = _list("""
    sigh sighs laugh laughs laughter chuckle chuckles giggle giggles pause silence smile grin wink nod shrug music
    applause beat gasp cough sniff sob whisper softly quietly hug hugs blush yawn wave waves cries crying singing
    humming thinking
""")
"""Words that are a stage direction by themselves."""
TELLTALE_SECOND_WORDS = _list("away around at your his her their my")
"""After one of ``DONE_VERBS`` they make a stage direction likely: ``looks away``, ``takes your hand``."""
ACTORS = _list("i you he she it they we")
NARRATION_OPENERS = ACTORS | _list("his her their my your its the a an")

TITLES = _list("mr mrs ms dr prof st mt rev gen col sgt capt lt gov sen rep fr messrs mme mlle hr")
"""Abbreviations, written with a capital, that a name follows."""
ABBREVIATED_BEFORE_NUMBERS = _list("no nos fig figs vol p pp ch sec art nr")
NEVER_LAST = _list("e.g i.e vs cf approx ca viz z.b d.h")
"""Abbreviations that no sentence ends with."""
RARELY_LAST = _list("""
    etc jr sr inc ltd co corp a.m p.m b.c a.d ph.d dept est jan feb mar apr jun jul aug sep sept oct nov dec mon tue
    tues wed thu thur thurs fri sat sun min max hr hrs ft lb lbs oz usw
""")
"""Abbreviations that end a sentence only in front of a capital."""
PAUSE_BEFORE = _list("""
    and but or so because which who that when while if unless until although though since where with without after
    before for in on then during
    und aber oder weil dass wenn et mais ou parce que qui quand si y pero o porque cuando
""")
"""Words before which a voice can pause, since they start something new."""
NO_PAUSE_AFTER = _list("""
    a an the my your his her its our their this that these those of to in on at for with from by and or but as is are
    was were be no not very so too mr mrs ms dr der die das ein eine le la les un une de el los las
""")
"""Words after which no voice pauses, since they belong to the next one."""
CHINESE_CONJUNCTIONS = _list("但是 然后 因为 所以 如果 虽然 而且 或者 还是 不过 可是 于是 只是 就是")
CHINESE_MEASURES = _list("""
    个 位 只 条 张 本 杯 壶 碗 盘 块 片 件 种 次 遍 回 场 天 年 周 夜 晚 小时 分钟 秒钟 秒 刻钟 点 岁 人 家 间 座
    棵 朵 匹 头 口 双 对 把 支 枝 首 句 段 篇 幅 公里 千米 米 公斤 斤 克 升 吨 亩 里 元 块钱 毛 倍 成 度 摄氏度 辆
    台 部 步 站 层 样 代 名 组 套 份 顿 根 颗 粒 滴 瓶 包 箱 袋 盒 封 页 行 章 节 课 道 项 所 届 批 群 千 万 亿
""")
"""Measure words and units: in front of them 2 is 两."""

WEB_DOMAINS = _list("com org net io dev ai app edu gov info co uk us ca de fr nl eu ch at jp cn me tv xyz")
"""Top-level domains that identify a web address without http:// or www."""
