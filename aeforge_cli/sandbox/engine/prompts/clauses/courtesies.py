"""What is polite, and asks for nothing."""

from __future__ import annotations

from aeforge_cli.sandbox.engine.prompts.vocabulary import LANGUAGE

LANGUAGE.means(
    "REQUEST",
    value=True,
    patterns="""
    (could|can|would|will) (you|somebody|someone) [POLITELY] [POLITELY]
    (could|can) we [POLITELY]
    (could|can|may) (i|we) [POLITELY] (have|get|ask you to|ask for)
    ((i|we) (was|were|am|are) wondering|i wonder) (if|whether) you (could|can|would|might) [POLITELY]
    (would|do) you mind
    (would|could) you [POLITELY] BE_KIND to
    (would|is) it [be] [at all] possible [for you] to
    (would|will|are) you [be] able to
    """,
)
LANGUAGE.means("BE_KIND", value=True, patterns="be so (kind|good) [as]\n be (kind|good) enough")
LANGUAGE.means(
    "COURTESY",
    value=True,
    patterns="""
    GREETING [WHOM]
    THANKS [again|in advance|so much|very much|a lot|a million]
    (i|we) [would] [POLITELY] (want|need|like|love|appreciate it if) you (to|could|would)
    (i|we) (want|need|would [POLITELY] like|would love) [to|that you]
    (make|do|apply) [THE] (following|following changes|changes|edits|following edits) :
    (i|we) (would|should) be [SO|most] GRATEFUL if you (could|would)
    it would be [SO] NICE if you (could|would)
    if you (can|could|would|do not mind|would not mind|like|please)
    (if|when|whenever|once) you (have|get|find) (THE|some) (moment|minute|second|chance|time)
    BE_KIND [and|to]
    [i] hope you are [doing] (well|fine|ok)
    [i am] sorry (to|for) (bother|bothering|disturb|disturbing|trouble) you [again] [, but|but]
    [i] [really] appreciate it
    for [THE] [PURPOSE] PURPOSE
    [i|we] need it (for|as|in|on) [THE] PURPOSE
    so [that] (i|we) can use it (for|as|in|on) [THE] PURPOSE
    so [that] (i|we) can key it out
    (edit|modify|adjust|retouch|change) [[THE] PICTURE] (:|as follows|as follows :)
    and fill [in] THE (area|gap|hole|space) [naturally|seamlessly|realistically]
    (it|that|this|he|she|they) (is|looks|are) [SO|TOO] {dislike}
    (it|that|this) (bothers|annoys|distracts) me
    i (do not like|hate|dislike) (it|that|this)
    """,
)
# What is said after these is wished for: "it would be great if the sky was blue", "could the background be white?".
LANGUAGE.means(
    "IF_ONLY",
    value=True,
    patterns="""
    it would be [SO] NICE if
    i (wish|would [POLITELY] (like|love|prefer|appreciate) it if) [that]
    (i|we) (want|need|would like) (that|it so that)
    (edit|change|modify|adjust) [THE] PICTURE so [that]
    (make sure|see to it|make it so|ensure) [that]
    """,
)
LANGUAGE.means(
    "WANT",
    value=True,
    patterns="(i|we) [would] [POLITELY] (want|need|prefer)\n (i|we) would [POLITELY] (like|love|rather) [have]",
)
LANGUAGE.means("SHOULD", value=True, patterns="MUST BE [DONE_TO]\n (:|=|->|to)")
LANGUAGE.means("BEING", value=True, patterns="COULD_BE [DONE_TO]")
LANGUAGE.means("DONE_TO", value=True, patterns="DONE [to|into|with|by|in|for]")
LANGUAGE.means("TO", value=True, patterns="[to be] DONE_TO")
