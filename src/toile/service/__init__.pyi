from .app import create_app as create_app
from .model import Model as Model
from .model import open_model as open_model
from .server import is_loopback as is_loopback
from .server import open_port as open_port
from .server import serve as serve
