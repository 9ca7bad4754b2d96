"""The rules of `cpc check`: what they say, which of them speak, and where they are told to be silent."""
