"""What is said and what happens next.

Pure: no AWS, no HTTP, no clock, no randomness, no environment. `advance(conversation, event, now, rules)` returns the
next conversation and the effects that the functions carry out.

    advance         what happened -> who deals with it; limits, lateness, silence
    stages          the table of contents: for each stage, its question
    chapters/       one module per part of the dialogue: ask, answer, back, and help of a question side by side
    commands        words and buttons that mean the same everywhere
    open_question   the open question is put again, answered, explained, or gone back from
    answers         DigiLocker's answers -> the chapter that asked
    turn            what chapters are written with

A chapter does not import another to hand over to it: it says `goto(Stage.X)`.
"""
