"""What surrounds the process of a guest: its control group, its devices, helpers, and labels.

Whatever is made on the host is noted first in the guest's folder (`notes`), so that it is unmade
(`undo`) after every end of the guest: also of one whose driver was killed meanwhile.
"""
