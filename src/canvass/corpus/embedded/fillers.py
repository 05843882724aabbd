"""What people say around a request: openings, thanks, hesitations, short forms."""

from __future__ import annotations

WH_WORDS = frozenset({
    "what", "what's", "whats", "how", "how's", "hows", "which", "where", "where's", "wheres", "who",
})  # fmt: skip
YES_OR_NO = frozenset({
    "is", "are", "any", "do", "does", "can",
})  # fmt: skip
VERBS = frozenset({
    "activate", "add", "adjust", "announce", "broadcast", "cancel", "change", "check", "clean", "close",
    "complete", "continue", "create", "deactivate", "decrease", "delete", "dim", "dock", "get", "go",
    "illuminate", "increase", "light", "lift", "lock", "lower", "make", "mow", "mute", "open", "pause",
    "play", "press", "push", "put", "raise", "remove", "replay", "resume", "return", "run", "set", "shut",
    "skip", "start", "stop", "switch", "take", "tell", "transition", "turn", "unlock", "unmute", "unpause",
    "vacuum",
})  # fmt: skip
NEUTRAL: tuple[str, ...] = (
    "hey", "hey", "hey", "um", "um", "uh", "ok", "okay", "so", "hi", "hello", "alright", "yo", "right",
    "well", "oh", "hey computer", "computer", "ok house", "hey house", "hey there", "okay so", "hmm",
    "um hey", "excuse me",
)  # fmt: skip
POLITE: tuple[str, ...] = (
    "please", "please", "please", "can you", "can you", "could you", "could you", "could you please",
    "can you please", "would you", "would you please", "will you", "hey can you", "hey could you please",
    "um can you", "i want you to", "i need you to", "i'd like you to", "go ahead and", "just", "let's",
    "i was wondering if you could", "do me a favor and", "it'd be great if you could", "now", "quickly",
    "can you quickly", "you can", "i think you should", "hey please", "okay now", "so can you",
    "uh could you", "do you mind, just", "would it be possible to", "then", "kindly",
)  # fmt: skip
CURIOUS: tuple[str, ...] = (
    "can you tell me", "do you know", "i'd like to know", "i was wondering", "any idea", "quick question",
    "so tell me", "hey can you tell me", "i need to know", "could you check", "remind me", "wait",
)  # fmt: skip
CHECKING: tuple[str, ...] = (
    "quick question", "wait", "tell me", "can you check", "just checking", "sorry", "i forgot",
    "let me know",
)  # fmt: skip
THANKFUL = (
    "please", "please", "please", "please", "thanks", "thanks", "thank you", "for me", "for me please",
    "now", "right now", "right away", "when you get a chance", "if you can", "if you don't mind",
    "would you", "ok", "okay", "real quick", "cheers", "asap", "will you", "if possible",
    "thank you very much", "and thanks",
)  # fmt: skip
ASKED = (
    "please", "please", "right now", "thanks", "do you know", "at the moment", "can you check", "by the way",
    "anyway",
)  # fmt: skip
FILLERS = ("um", "um", "uh", "uh", "er", "like", "hmm", "erm", "you know", "let's see", "i mean", "ah")
DROPPABLE = frozenset({
    "the", "my", "our", "a", "an", "to", "of", "for", "is", "are", "in", "on", "please", "that", "any", "me",
})  # fmt: skip
SHORT = {
    "minutes": "mins", "minute": "min", "seconds": "secs", "second": "sec", "hours": "hrs", "please": "pls",
    "what's": "whats", "where's": "wheres", "how's": "hows", "you": "u", "thanks": "thx",
    "temperature": "temp", "volume": "vol", "percent": "pct", "okay": "ok", "are": "r",
}  # fmt: skip
