// What both ways of running OpenWard on Azure stand on: identity, key vault, PostgreSQL, document store, log.
// No secret of a person is a parameter: the server signs in to vault and store with its managed identity.
@description('A short name for this hospital: lower-case letters and digits')
@minLength(3)
@maxLength(12)
param name string
param location string = resourceGroup().location
@description('Of the owner of the database')
@secure()
param databasePassword string
@description('The subnet delegated to Microsoft.DBforPostgreSQL/flexibleServers')
param databaseSubnetId string
@description('The private DNS zone of the database, linked to the network')
param databaseZoneId string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${name}-openward'
  location: location
}

resource log 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: '${name}-openward'
  location: location
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: 90
  }
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: '${name}-openward'
  location: location
  properties: {
    tenantId: subscription().tenantId
    sku: { family: 'A', name: 'premium' }
    enableRbacAuthorization: true
    // A key that is gone takes every record with it.
    enableSoftDelete: true
    enablePurgeProtection: true
    softDeleteRetentionInDays: 90
  }
}

resource key 'Microsoft.KeyVault/vaults/keys@2023-07-01' = {
  parent: vault
  name: 'openward'
  properties: {
    kty: 'RSA-HSM'
    keySize: 3072
    keyOps: [ 'wrapKey', 'unwrapKey' ]
  }
}

// Key Vault Crypto Service Encryption User
resource mayWrap 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: key
  name: guid(key.id, identity.id, 'wrap')
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'e147488a-f6f5-4113-8e2d-b22465e65bf6')
  }
}

resource database 'Microsoft.DBforPostgreSQL/flexibleServers@2024-08-01' = {
  name: '${name}-openward'
  location: location
  sku: { name: 'Standard_D2ds_v5', tier: 'GeneralPurpose' }
  properties: {
    version: '18'
    administratorLogin: 'openward'
    administratorLoginPassword: databasePassword
    storage: { storageSizeGB: 128, autoGrow: 'Enabled' }
    // Point-in-time restore.
    backup: { backupRetentionDays: 35, geoRedundantBackup: 'Enabled' }
    highAvailability: { mode: 'ZoneRedundant' }
    network: { delegatedSubnetResourceId: databaseSubnetId, privateDnsZoneArmResourceId: databaseZoneId }
  }
}

resource databaseOfOpenWard 'Microsoft.DBforPostgreSQL/flexibleServers/databases@2024-08-01' = {
  parent: database
  name: 'openward'
  properties: { charset: 'UTF8' }
}

resource store 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: '${name}openward'
  location: location
  kind: 'StorageV2'
  sku: { name: 'Standard_ZRS' }
  properties: {
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    allowBlobPublicAccess: false
    // The folder of each server is mounted with the account's key.
    allowSharedKeyAccess: true
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: store
  name: 'default'
  properties: {
    // Short: an erased file should be gone.
    deleteRetentionPolicy: { enabled: true, days: 7 }
  }
}

resource documents 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: blobs
  name: 'documents'
  properties: { publicAccess: 'None' }
}

// Storage Blob Data Contributor
resource mayStore 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: documents
  name: guid(documents.id, identity.id, 'store')
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'ba92f5b4-2d11-453d-a403-e96b0029c9fe')
  }
}

resource files 'Microsoft.Storage/storageAccounts/fileServices@2023-05-01' = {
  parent: store
  name: 'default'
}

// What a server keeps beside the database: published audit roots, reads that wait for the audit log.
resource data 'Microsoft.Storage/storageAccounts/fileServices/shares@2023-05-01' = {
  parent: files
  name: 'openward-data'
  properties: { shareQuota: 10 }
}

output identityId string = identity.id
output identityClientId string = identity.properties.clientId
output logId string = log.id
output keyUrl string = '${vault.properties.vaultUri}keys/${key.name}'
output databaseHost string = database.properties.fullyQualifiedDomainName
output storageName string = store.name
output storageUrl string = 'azblob://${store.name}/${documents.name}'
output dataShare string = data.name
