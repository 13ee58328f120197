"""What the consent function says to browsers and reads from them: pages, headers, cookies, and the way back.

Only the standard library is imported here: a person waits for the consent function to start.
"""
