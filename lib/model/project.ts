/** Where the project is found: who has installed the executable alone has no other way to its documents. */

export const projectAddress = "https://github.com/kubectl-vmnode/kubectl-vmnode";
/** The ClusterRoles. */
export const rolesAddress = `${projectAddress}/tree/main/docs/rbac`;
