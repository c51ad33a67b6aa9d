/*
 * capsule.c - an extension module in C: asks centnn for a function by its capsule
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "centnn.h"

static size_t (*index_size)(size_t, size_t, centnn_dtype);

static PyObject *size_of_index(PyObject *self, PyObject *args)
{
    unsigned int k, d;

    (void)self;
    if (!PyArg_ParseTuple(args, "II", &k, &d))
        return NULL;
    return PyLong_FromSize_t(index_size(k, d, CENTNN_F32));
}

static PyMethodDef methods[] = {{"size_of_index", size_of_index, METH_VARARGS, NULL},
                                {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "capsule", NULL, -1, methods, NULL, NULL, NULL, NULL};

/* A function of centnn.embed, by its name and declaration; NULL and an exception if it is not
 * there. */
static void *find(PyObject *capsules, const char *name, const char *declaration)
{
    PyObject *capsule = PyMapping_GetItemString(capsules, name);
    void *function = capsule ? PyCapsule_GetPointer(capsule, declaration) : NULL;

    Py_XDECREF(capsule); /* centnn.embed keeps it */
    return function;
}

static int find_all(PyObject *capsules)
{
    int (*check_abi)(int);

    *(void **)&check_abi = find(capsules, "check_abi", "int (int)");
    if (!check_abi || check_abi(CENTNN_ABI) != 0)
        return -1; /* of another version */
    *(void **)&index_size = find(capsules, "index_size", "size_t (size_t, size_t, centnn_dtype)");
    return index_size ? 0 : -1;
}

PyMODINIT_FUNC PyInit_capsule(void)
{
    PyObject *embed = PyImport_ImportModule("centnn.embed");
    PyObject *capsules = embed ? PyObject_GetAttrString(embed, "__pyx_capi__") : NULL;
    int failed = !capsules || find_all(capsules) != 0;

    Py_XDECREF(capsules);
    Py_XDECREF(embed);
    return failed ? NULL : PyModule_Create(&module);
}
