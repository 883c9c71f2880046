"""Storage pools of an embedded host: folders of image files.

volumes.py   what a file in a pool is, and making, changing and removing it
pools.py     the pools, and what is kept of them on disk
transfer.py  the data of a volume, in and out
"""
