"""The compiler: policy text in, a verified artifact out. No part of it needs root."""
