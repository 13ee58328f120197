"""The OTPs that DigiLocker sends, and the inbox of SMS where they arrive."""

import secrets
import string
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Any

from standins.clock import Clock
from standins.config import SimulatorConfig
from standins.digilocker.citizens import Citizen


class OtpRefused(Exception):
    """The OTP, or the device code that it belongs to, is not accepted; `expired` tells one reason from the others."""

    def __init__(self, why: str, *, expired: bool = False) -> None:
        super().__init__(why)
        self.expired = expired


class OtpFlooding(Exception):
    """Too many OTPs were asked for."""


class NoMobile(Exception):
    """There is nowhere to send an OTP to."""


@dataclass(frozen=True)
class Sms:
    """One text message on somebody's mobile."""

    at: float
    text: str
    otp: str | None

    def to_json(self) -> dict[str, Any]:
        return {"at": self.at, "text": self.text, "otp": self.otp}


class SmsInbox:
    """What has arrived on which mobile; the caller holds the world's lock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._received: dict[str, list[Sms]] = defaultdict(list)

    def receive(self, mobile: str, text: str, otp: str | None = None) -> None:
        self._received[mobile].append(Sms(self._clock.now(), text, otp))

    def of(self, mobile: str) -> list[Sms]:
        return list(self._received.get(mobile, ()))


@dataclass
class _Sent:
    digits: str
    citizen: Citizen
    at: float
    tries_left: int


class OneTimePasswords:
    """OTPs by the device code they were asked for with; the caller holds the world's lock.

    Six random digits each, valid for a limited time and number of tries; a new one voids the account's older ones.
    """

    def __init__(self, config: SimulatorConfig, clock: Clock, inbox: SmsInbox) -> None:
        self._config = config
        self._clock = clock
        self._inbox = inbox
        self._sent: dict[str, _Sent] = {}
        self._times: dict[str, deque[float]] = defaultdict(deque)

    def send(self, citizen: Citizen) -> str:
        """Send an OTP and return its device code. Raises NoMobile or OtpFlooding."""
        if citizen.mobile is None:
            raise NoMobile
        now = self._clock.now()
        times = self._times[citizen.digilocker_id]
        while times and now - times[0] >= self._config.otp_sends_window:
            times.popleft()
        too_soon = bool(times) and now - times[-1] < self._config.otp_gap
        if citizen.otp_flooded or too_soon or len(times) >= self._config.otp_sends:
            raise OtpFlooding
        times.append(now)
        for older in [code for code, sent in self._sent.items() if sent.citizen.aadhaar == citizen.aadhaar]:
            del self._sent[older]
        device_code = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(10))
        digits = f"{secrets.randbelow(1_000_000):06d}"
        self._sent[device_code] = _Sent(digits, citizen, now, self._config.otp_tries)
        minutes = round(self._config.otp_digits_seconds / 60)
        text = f"{digits} is your OTP for DigiLocker, valid for {minutes} minutes. Do not share it. (simulated)"
        self._inbox.receive(citizen.mobile, text, digits)
        return device_code

    def redeem(self, device_code: str, digits: str) -> Citizen:
        """Return whose OTP it is; it cannot be used again. Raises OtpRefused."""
        sent = self._sent.get(device_code)
        if sent is None:
            raise OtpRefused("The device code is invalid, was used, or a newer OTP was sent")
        if self._clock.now() - sent.at >= self._config.otp_digits_seconds:
            del self._sent[device_code]
            raise OtpRefused("The OTP has expired", expired=True)
        if not secrets.compare_digest(sent.digits.encode(), digits.encode()):
            sent.tries_left -= 1
            if sent.tries_left <= 0:
                del self._sent[device_code]
                raise OtpRefused("The OTP is wrong; it cannot be tried any more")
            raise OtpRefused("The OTP is wrong")
        del self._sent[device_code]
        return sent.citizen

    def forget_flooding(self) -> None:
        """Let every account ask for OTPs again, except those that are made to be refused."""
        self._times.clear()
