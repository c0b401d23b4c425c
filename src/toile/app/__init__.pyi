from .door import AppDoor as AppDoor
from .server import guarded as guarded
from .server import serve_app as serve_app
from .session import Session as Session
