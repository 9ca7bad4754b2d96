"""The grammar of the policy language, and the mistakes that have their own words."""
