"""What is said and what happens next.

Pure: no AWS, no HTTP, no clock, no randomness, no environment. `advance(conversation, event, now)` gives the next
conversation and the effects that the functions carry out. One module for each stage of the chat; in it, what is asked
and what each answer leads to stand next to each other:

    greeting    Hi, the menu, help
    language    which language
    account     do you have a DigiLocker account?
    consent     what is used, and whether she agrees
    sign_in     the Aadhaar number and the OTP
    documents   the list, the choice, the delivery, and Done
"""
