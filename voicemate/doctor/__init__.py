"""``voicemate doctor``: looks at everything that a conversation needs, and says what is wrong and how to mend it.

A check gathers facts thinly and judges them purely. It may take its time, but not for ever; one that breaks is itself
a finding, and ends no other.
"""
