"""``voicemate doctor``: checks everything a conversation needs, and reports what is wrong and how to fix it.

Each check gathers facts with as little logic as possible; a pure ``assess_*`` function turns them into findings. A
check may be slow, but has a timeout. A check that fails becomes a finding of its own, and the others still run.
"""
