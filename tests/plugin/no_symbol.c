/* A shared library, but no plug-in: it exports nothing that halfstep asks for. */
int unrelated(void);

int unrelated(void)
{
    return 1;
}
