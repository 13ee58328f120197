"""What is being brought in, as far as she has chosen and entered it."""

from helpdesk.conversation.effects import detail
from helpdesk.conversation.offers import Offer, Parameter
from helpdesk.structs import Tagged


class Pull(Tagged, frozen=True):
    """A document is being brought in. What she typed is sealed outside; this only says which details there are."""

    sought: bool = False
    """Whether she has said what it is."""
    doctypes: tuple[str, ...] = ()
    """What her words mean, where we know."""
    within: str = ""
    """The type whose issuers she chooses from; empty while she chooses the type."""
    offers: tuple[Offer, ...] = ()
    """The page of the list that she chooses from."""
    mark: str = ""
    """Names that list, or the parameters."""
    page: int = 1
    """Of that list."""
    total: int = 0
    """How many offers the whole list has."""
    chosen: Offer | None = None
    parameters: tuple[Parameter, ...] = ()
    values_page: int = 1
    """Of the values that the issuer takes, where it lists them."""
    has: tuple[str, ...] = ()
    """The names under which her details are sealed."""
    looks_for: str = ""
    """The problem that has us look whether the document is on her list."""

    @property
    def missing(self) -> int:
        """The number of the first parameter that she has not entered; 0 if there is none."""
        numbers = range(1, len(self.parameters) + 1)
        return next((number for number in numbers if detail(number) not in self.has), 0)

    def mark_of(self, number: int) -> str:
        """Name the list of a parameter's values."""
        return f"{self.mark}-{number}"
