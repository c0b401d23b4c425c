from .app import create_app as create_app
from .model import Model as Model
from .model import open_model as open_model
from .server import serve as serve
