// OpenWard in Azure App Service, from the image of deploy/Dockerfile. The virus scanner runs elsewhere in the network: clamdUrl.
//   az deployment group create --resource-group GROUP --template-file deploy/azure/app-service.bicep --parameters …
@minLength(3)
@maxLength(12)
param name string
param location string = resourceGroup().location
@description('REGISTRY/openward:VERSION, in a registry that the identity may pull from')
param image string
@description('The https address that people use')
param publicUrl string
param adminEmail string
param country string = 'US'
param timezone string
@secure()
param databasePassword string
@secure()
param redisUrl string
@secure()
param smtpUrl string = ''
param mailFrom string
@description('Such as tcp://clamd.internal:3310')
param clamdUrl string
param databaseSubnetId string
param databaseZoneId string
@description('The subnet delegated to Microsoft.Web/serverFarms')
param subnetId string

module foundation 'foundation.bicep' = {
  name: 'foundation'
  params: {
    name: name
    location: location
    databasePassword: databasePassword
    databaseSubnetId: databaseSubnetId
    databaseZoneId: databaseZoneId
  }
}

resource store 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: '${name}openward'
  dependsOn: [ foundation ]
}

resource plan 'Microsoft.Web/serverfarms@2023-12-01' = {
  name: '${name}-openward'
  location: location
  kind: 'linux'
  sku: { name: 'P1v3', capacity: 2 }
  properties: { reserved: true, zoneRedundant: true }
}

resource site 'Microsoft.Web/sites@2023-12-01' = {
  name: '${name}-openward'
  location: location
  kind: 'app,linux,container'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${foundation.outputs.identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    virtualNetworkSubnetId: subnetId
    siteConfig: {
      linuxFxVersion: 'DOCKER|${image}'
      appCommandLine: 'serve'
      acrUseManagedIdentityCreds: true
      acrUserManagedIdentityID: foundation.outputs.identityClientId
      alwaysOn: true
      http20Enabled: true
      ftpsState: 'Disabled'
      minTlsVersion: '1.2'
      vnetRouteAllEnabled: true
      healthCheckPath: '/health/ready'
      appSettings: concat([
        { name: 'WEBSITES_PORT', value: '8000' }
        { name: 'WEBSITES_ENABLE_APP_SERVICE_STORAGE', value: 'false' }
        // More than SIGTERM takes.
        { name: 'WEBSITES_CONTAINER_STOP_TIME_LIMIT', value: '45' }
        { name: 'DATABASE_URL', value: 'postgres://openward:${uriComponent(databasePassword)}@${foundation.outputs.databaseHost}:5432/openward?sslmode=verify-full' }
        { name: 'REDIS_URL', value: redisUrl }
        { name: 'CLAMD_URL', value: clamdUrl }
        { name: 'STORAGE_URL', value: foundation.outputs.storageUrl }
        { name: 'OPENWARD_KMS_URL', value: foundation.outputs.keyUrl }
        { name: 'OPENWARD_PUBLIC_URL', value: publicUrl }
        // The front ends of App Service reach a container from these.
        { name: 'OPENWARD_TRUSTED_PROXIES', value: '169.254.0.0/16' }
        { name: 'OPENWARD_ADMIN_EMAIL', value: adminEmail }
        { name: 'OPENWARD_COUNTRY', value: country }
        { name: 'OPENWARD_TIMEZONE', value: timezone }
        { name: 'MAIL_FROM', value: mailFrom }
        { name: 'AZURE_CLIENT_ID', value: foundation.outputs.identityClientId }
      ], empty(smtpUrl) ? [] : [ { name: 'SMTP_URL', value: smtpUrl } ])
      azureStorageAccounts: {
        data: {
          type: 'AzureFiles'
          accountName: store.name
          shareName: foundation.outputs.dataShare
          accessKey: store.listKeys().keys[0].value
          mountPath: '/var/lib/openward'
        }
      }
    }
  }
}

output address string = site.properties.defaultHostName
