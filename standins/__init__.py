"""Stand-ins for WhatsApp's Cloud API and for DigiLocker, with a chat page: what the help desk talks to on one machine.

Nothing here is deployed, and nothing here shares code with `helpdesk`: a stand-in that used the client's code would
share its mistakes. What it does follows the published documents; where they are silent, the choice is marked *ours*.

Everything is served by one process, `Simulator(config, port)` or `python -m standins`:

    GET    /                                the chat page; ?phone=919000000007 is another phone, in its own tab
    GET    /openapi.json                    all of this, described for programs
    GET    /citizens                        the made-up citizens: phone, mobile (where SMS go), name, Aadhaar number,
                                            VID, user name, what each is good for, names of her documents
    POST   /phones/{number}/messages        {"text": "Hi"}                     she types
                                            {"tap": "<id or title>"}           she taps a button or row, also an old one
                                            {"send": {"type": "image", ...}}   any body; its own "id", "timestamp" win
                                            -> {"id": wamid, "delivered": status of the webhook's answer, null}, 200 if
                                            that was 200, else 202; unknown tap: 404 {"error", "taps": [{id, title}]}
    GET    /phones/{number}/messages        the chat, oldest first; ?after=N only what has a greater index
    GET    /phones/{number}/documents/{i}   the bytes that WhatsApp fetched for message i
    GET    /phones/{number}/sms             the SMS inbox of that mobile: [{"at", "text", "otp"}], oldest first
    GET    /phones/{number}/events          what changes there, as server-sent events
    GET    /phones/{number}/journal         the webhooks, messages and calls that concern it, with bodies and signatures
    GET    /phones/{number}/backstage       its conversation in the table, and the functions' runs (local stack only)
    GET    /phones/{number}                 {"number", "typing", "window_open"}
    POST   /faults                          see `standins.faults`; GET shows, DELETE resets them (and OTP flooding)
    GET    /switches                        the faults of the page; POST {"digilocker-down": true} switches
    GET    /conversations                   those of tests/conversations; /conversations/{name} one of them
    GET    /calls                           the calls at /graph and /digilocker: [{"at", "method", "path", "status"}]
    DELETE /calls                           forgets them
    POST   /clock                           {"advance": seconds}: moves the stand-ins' clock, not that of their callers
    *      /graph/{version}/...             WhatsApp's Graph API
    *      /digilocker/public/...           DigiLocker

A message of the chat:

    index, from ("citizen" | "desk"), id (wamid), at, type, text, header, footer
    buttons     [{"id", "title"}]
    list        null or {"button", "sections": [{"title", "rows": [{"id", "title", "description"}]}]}
    link        null or {"text", "url"}
    document    null or {"filename", "url", "size", "media_type"}; url, size and type are null until it was fetched
    status      "accepted", "sent", "delivered", "read" or "failed"
    error       null or {"code", "title", "message", "error_data", "href"}
    raw         the message as it was sent

Numbers in paths may carry a "+". Times are seconds since 1970.
"""
