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

PyMODINIT_FUNC PyInit_capsule(void)
{
    PyObject *embed = PyImport_ImportModule("centnn.embed"), *functions, *capsule = NULL;

    if (!embed)
        return NULL;
    functions = PyObject_GetAttrString(embed, "__pyx_capi__");
    if (functions)
        capsule = PyDict_GetItemString(functions, "index_size");
    if (capsule)
        *(void **)&index_size = PyCapsule_GetPointer(capsule,
                                                     "size_t (size_t, size_t, centnn_dtype)");
    Py_XDECREF(functions);
    Py_DECREF(embed);
    return index_size ? PyModule_Create(&module) : NULL;
}
