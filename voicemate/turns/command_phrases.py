"""The wordings of spoken commands in English, German, French, Spanish and Chinese.

The lists leave out likely answers to a question, such as "sleep" alone or "one minute".
"""

STOP = (
    """stop, stop it, stop that, stop this, stop there, stop right there, stop talking, stop speaking,
    stop reading, be quiet, be quite, be silent, keep quiet, quiet, silence, hush, shush, sh, shh, shhh, shhhh,
    shut up, shut it, shut your mouth, enough, that's enough, that is enough, that'll do, that will do,
    enough of that, cut it out, zip it, pause, you can stop, i said stop, no stop, don't talk""",
    """stopp, halt, hör auf, hör bitte auf, hör jetzt auf, hör endlich auf, hör mal auf, aufhören,
    hör auf zu reden, hör auf zu sprechen, hör auf damit, hören sie auf, kannst du aufhören, sei still, sei ruhig,
    sei leise, seien sie still, still, ruhe, ruhig, schweig, klappe, halt die klappe, halt den mund, genug,
    das reicht, es reicht, jetzt reicht's, schluss, schluss damit, sag nichts mehr, psst, pst""",
    """arrête, arrêtez, arrête-toi, arrêtez-vous, arrête de parler, arrêtez de parler, arrête ça, tu peux arrêter,
    peux-tu arrêter, tu peux t'arrêter, tais-toi, taisez-vous, chut, la ferme, ferme-la, assez, ça suffit,
    sois silencieux, plus un mot""",
    """para, pare, detente, deténgase, alto, basta, calla, cállate, cállese, silencio, para de hablar,
    deja de hablar, deje de hablar, puedes parar, quieto, suficiente, es suficiente, no sigas, no hables más,
    ya está bien""",
    """停, 停下, 停下来, 停一下, 停止, 停住, 别说, 别说了, 不要说, 不要说了, 别讲, 别讲了, 不要讲, 不要讲了, 闭嘴,
    安静, 安静点, 安静一点, 够了, 住口, 住嘴, 别吵, 打住""",
)

SLEEP = (
    """go to sleep, go back to sleep, sleep now, take a nap, you can sleep, you can go to sleep, stop listening,
    stop listening to me, you can stop listening, don't listen, don't listen anymore, sleep mode""",
    """geh schlafen, schlaf jetzt, schlaf ein, schlaf weiter, du kannst schlafen, du kannst schlafen gehen,
    hör nicht mehr zu, hör auf zuzuhören, nicht mehr zuhören, schlafmodus""",
    """va dormir, va te coucher, va au lit, dors, endors-toi, rendors-toi, tu peux dormir, tu peux aller dormir,
    arrête d'écouter, arrête de m'écouter, n'écoute plus, ne m'écoute plus, mode veille""",
    """duerme, duérmete, a dormir, ve a dormir, vete a dormir, puedes dormir, puedes dormirte, deja de escuchar,
    deja de escucharme, no escuches, no escuches más, no me escuches, modo de reposo, modo reposo""",
    """去睡觉, 睡觉吧, 去睡吧, 你去睡吧, 睡吧, 你可以睡了, 休眠, 休息吧, 去休息吧, 你去休息吧, 别听了, 别再听了,
    不要听了, 停止聆听""",
)

WAKE = (
    """wake up, wake, wakey wakey, are you awake, are you there, start listening, start listening again, listen,
    listen to me, listen again""",
    """wach auf, wach wieder auf, aufwachen, bist du wach, bist du da, hör zu, hör wieder zu, hör mir zu""",
    """réveille-toi, réveillez-vous, debout, tu es là, es-tu là, écoute, écoute-moi, écoute à nouveau""",
    """despierta, despiértate, despierte, estás despierta, estás despierto, estás ahí, escucha, escúchame,
    escucha otra vez""",
    """醒醒, 醒来, 醒一醒, 快醒醒, 醒醒吧, 该醒了, 起床, 起床了, 听我说, 你在吗, 在吗""",
)

WAIT_A_MOMENT = (
    """wait, wait a moment, wait a second, wait a sec, wait a minute, wait a bit, wait up, hold on,
    hold on a moment, hold on a second, hold on a sec, hold on a minute, hang on, hang on a moment,
    hang on a second, hang on a sec, hang on a minute, one moment, one second, one sec, a moment, just a moment,
    just a second, just a sec, just a minute, just one moment, just one second, give me a moment, give me a second,
    give me a sec, give me a minute, let me think, let me think about it, let me think about that,
    let me think a moment, let me see, i need to think, i have to think, i need a moment, i need a second,
    i'm thinking, i am thinking, i'm still thinking, i'm not done, i'm not done yet, i'm not finished,
    i'm not finished yet, let me finish""",
    """warte, warte mal, warte kurz, wart mal, wart kurz, warte einen moment, moment, moment mal, einen moment,
    kleinen moment, einen kleinen moment, augenblick, einen augenblick, gib mir einen moment, lass mich nachdenken,
    lass mich überlegen, lass mich kurz überlegen, lass mich kurz nachdenken, lass mich mal überlegen,
    ich muss nachdenken, ich muss kurz nachdenken, ich muss überlegen, ich überlege, ich überlege noch,
    ich denke nach, lass mich ausreden, ich bin noch nicht fertig""",
    """attends, attendez, attends un peu, attends un instant, attends une seconde, attends une minute, un moment,
    un instant, juste un instant, juste une seconde, donne-moi un instant, donne-moi une seconde,
    laisse-moi réfléchir, laissez-moi réfléchir, laisse-moi y réfléchir, je réfléchis, il faut que je réfléchisse,
    laisse-moi finir, laisse-moi terminer, je n'ai pas fini, j'ai pas fini""",
    """espera, espere, espérate, espera un momento, espera un segundo, espera un poco, espera un minuto,
    un momento, un momentito, un segundo, dame un momento, dame un segundo, déjame pensar, déjame pensarlo,
    déjeme pensar, déjame ver, estoy pensando, lo estoy pensando, tengo que pensar, déjame terminar,
    no he terminado""",
    """等, 等等, 等一下, 等一等, 等会, 等会儿, 等一会, 等一会儿, 等我一下, 稍等, 稍等一下, 且慢, 慢着, 让我想想,
    让我想一想, 让我想一下, 我想想, 我想一想, 我想一下, 我再想想, 容我想想, 我还没说完, 让我说完""",
)

WAIT_A_MOMENT_AT_THE_END = {
    "en": r"let me (?:think|see|check|look|remember)(?: about (?:it|that))?(?: for)?(?: an?| just a)?"
    r"(?: moment| second| minute| sec)?"
    r"|(?:hold on|hang on|wait)(?: a| one| just a)?(?: moment| second| minute| sec)?"
    r"|(?:just )?(?:a|one) (?:moment|second|minute|sec)(?: please)?|give me (?:a|one) (?:moment|second|minute|sec)"
    r"|i(?:'m| am) (?:still )?thinking|how (?:do|should|can) i (?:say|put) (?:it|this|that)|where was i",
    "de": r"(?:lass|lassen sie) mich (?:\w+ ){0,2}(?:nachdenken|überlegen|schauen)|(?:einen )?moment(?: mal| bitte)?"
    r"|warte(?: mal| kurz)*|(?:ich )?(?:muss|ich) (?:\w+ ){0,2}(?:nachdenken|überlegen)",
    "fr": r"laisse[zr]?[- ]moi (?:\w+ ){0,2}réfléchir|(?:attends|attendez)(?: une seconde| un peu| un moment)?"
    r"|(?:un|une) (?:moment|instant|seconde|minute)(?: s'il (?:te|vous) plaît)?|je réfléchis",
    "es": r"déja(?:me|nos) pensar(?:lo)?|déjame ver|(?:espera|espere)(?: un (?:momento|segundo|poco))?"
    r"|un (?:momento|segundo|minuto)(?: por favor)?|estoy pensando",
    "zh": r"(?:让|等)我(?:想|看)(?:一?想|一?看|一下)?|(?:请?稍?等(?:一?等|一下)?)|我(?:再)?想(?:一?想|一下)",
}
"""Patterns by language for the same requests where they close a longer utterance ("Good question. Let me think.").

These ask for more time, but are no command: "where was I" alone is answered. Wordings of ``WAIT_A_MOMENT`` that mean
something else at the end of a sentence do not stand here.
"""

TAKE_YOUR_TIME = (
    """take your time, no rush, no hurry, there's no rush, there's no hurry, don't rush, don't rush me, be patient,
    be patient with me""",
    """lass dir zeit, nimm dir zeit, lass mir zeit, gib mir zeit, keine eile, hab geduld""",
    """prends ton temps, prenez votre temps, laisse-moi le temps, donne-moi du temps, rien ne presse, sois patient,
    sois patiente""",
    """tómate tu tiempo, tómese su tiempo, dame tiempo, sin prisa, no hay prisa, ten paciencia""",
    """慢慢来, 不急, 不着急, 别急, 别着急, 给我一点时间, 耐心点""",
)

GO_ON = (
    """go on, go ahead, continue, carry on, keep going, keep talking, go on talking, don't stop, never stop,
    and then, resume, proceed, you can go on, you can continue, you were saying, what were you saying,
    finish your sentence, finish what you were saying""",
    """weiter, mach weiter, mach ruhig weiter, sprich weiter, red weiter, rede weiter, erzähl weiter, lies weiter,
    fahr fort, hör nicht auf, nicht aufhören, und dann, und weiter, weitermachen, du kannst weitermachen""",
    """continuez, vas-y, allez-y, continue de parler, continue à parler, poursuis, reprends, n'arrête pas,
    ne t'arrête pas, et ensuite, et après, tu peux continuer""",
    """sigue, siga, continúa, continúe, sigue hablando, sigue contando, adelante, prosigue, no pares,
    no te detengas, y después, y luego, puedes seguir, puedes continuar""",
    """继续, 继续说, 继续讲, 继续吧, 接着说, 接着讲, 说下去, 讲下去, 往下说, 然后呢, 后来呢, 别停, 不要停, 说吧,
    请说""",
)

AROUND = (
    """please, now, right now, okay, ok, oh, oh my god, hey, hi, hello, uh, um, er, erm, hm, hmm, mm, ah, well, so,
    alright, all right, right, yeah, yes, sorry, i'm sorry, excuse me, thanks, thank you, thank you very much,
    dear, my dear, just, then, for now, for me, will you, would you, can you, could you, i mean, you know, come on,
    for god's sake, for a moment, for a second, for a minute, actually, again, good night""",
    """bitte, jetzt, mal, doch, endlich, also, ja, na, gut, he, hallo, danke, schön, äh, ähm, entschuldigung,
    entschuldige, tut mir leid, sofort, einfach, kurz, dann, gute nacht""",
    """s'il te plaît, s'il vous plaît, maintenant, un peu, donc, alors, oui, ouais, bon, bonne nuit, hé, eh, euh,
    ben, merci, pardon, désolé, désolée, excuse-moi, excusez-moi, mais, d'accord, tout de suite""",
    """por favor, ahora, ahora mismo, ya, bueno, pues, sí, oye, oiga, hola, gracias, perdón, perdona, lo siento,
    disculpa, vale, este, buenas noches, entonces""",
    """请, 你, 麻烦你, 拜托, 吧, 啊, 呀, 了, 嗯, 呃, 哦, 喂, 嘿, 嗨, 你好, 好, 好吗, 行吗, 好了, 好的, 那, 那么,
    先, 现在, 快, 快点, 谢谢, 对不起, 不好意思, 晚安""",
)
"""Words around a command that do not change it."""
